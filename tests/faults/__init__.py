"""`make faults`: the real system under seeded faults, held against what its clients were told."""
