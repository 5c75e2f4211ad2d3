"""Real servers for one machine: a Kafka broker and a MongoDB replica set of one, without Docker, Java or root."""
