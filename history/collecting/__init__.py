"""A run of `wavecast fetch`: its config, the work on each unit, its report, one run at a time."""
