"""The dashboard: pages that read the API and nothing else. A package of its own beside what answers in JSON."""
