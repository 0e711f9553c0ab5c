"""The compiled floor: the same events as `sim.engine.floor`, as loops over arrays."""
