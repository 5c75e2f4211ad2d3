"""Intake as it runs in production, on a real Kafka."""
