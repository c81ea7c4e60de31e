"""Monte Carlo: Gaussian inputs, sampled rows and minibatches, noisy gradients, and a small network."""
