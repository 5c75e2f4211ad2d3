"""MongoDB in, rankings out."""
