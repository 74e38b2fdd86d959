"""The kappa circuit does the task: a field driven by trials, in the network's Euler steps."""
