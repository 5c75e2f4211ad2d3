"""What runs the services: images, configuration, and real servers for one machine."""
