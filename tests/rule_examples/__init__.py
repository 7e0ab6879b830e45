"""Examples that break each rule of `jobs check`, and that keep it."""
