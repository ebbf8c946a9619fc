"""Arguments, paths, parameters and stages. No tensor maths."""
