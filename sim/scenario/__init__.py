"""From a scenario file to one frozen `Scenario`: schema, loader (file, line and key in every error), builder."""
