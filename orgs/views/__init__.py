"""HTTP for the spine, split by noun. Who may enter stands above every view."""
