"""The controller: decisions that a live orchestrator could take, told the time, knowing only what it could see."""
