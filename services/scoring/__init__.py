"""Events in, per-unit indices in MongoDB out."""
