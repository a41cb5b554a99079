#!/usr/bin/python3
"""Writes double_training.inc: tables and optimizer states after 100 random steps in double precision, of what PyTorch
lacks: row-wise Adagrad and Adam, Ftrl, decoupled weight decay.

Usage: make_double_training.py > double_training.inc
"""

import numpy

from training_runs import BAGS, DIM, POSITIONS, ROWS, STEPS, Run, fields, numbers


def gradient_of(run):
    """The gradient of one step: rows that have one, and the gradient of each."""
    indices, weights, values = run.next_step()
    values = numpy.array(values).reshape(-1, DIM)
    gradient = numpy.zeros((ROWS, DIM))
    for position, index in enumerate(indices):
        term = values[position if run.pooling is None else position * BAGS // POSITIONS]
        gradient[index] += term * (weights[position] if weights else 1) / (3 if run.pooling == "mean" else 1)
    return sorted(set(indices)), gradient


class RowWiseAdagrad:
    def __init__(self, lr, eps, initial_accumulator_value=0.0):
        self.lr, self.eps = lr, eps
        self.state = [numpy.full((ROWS, 1), initial_accumulator_value)]

    def step(self, _, row, w, g):
        total = self.state[0]
        total[row] += numpy.mean(g * g)
        return w - self.lr / (numpy.sqrt(total[row]) + self.eps) * g


class Adam:
    columns = DIM

    def __init__(self, lr, beta1, beta2, eps):
        self.lr, self.beta1, self.beta2, self.eps = lr, beta1, beta2, eps
        self.state = [numpy.zeros((ROWS, DIM)), numpy.zeros((ROWS, self.columns))]

    def step(self, t, row, w, g):
        average, square = self.state
        average[row] = self.beta1 * average[row] + (1 - self.beta1) * g
        squares = g * g if self.columns == DIM else numpy.mean(g * g)
        square[row] = self.beta2 * square[row] + (1 - self.beta2) * squares
        rate = self.lr * numpy.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
        return w - rate * average[row] / (numpy.sqrt(square[row]) + self.eps)


class RowWiseAdam(Adam):
    columns = 1


class Ftrl:
    """McMahan et al., Ad Click Prediction: a View from the Trenches, algorithm 1."""

    def __init__(self, lr, beta, l1, l2, initial_accumulator_value=0.0):
        self.lr, self.beta, self.l1, self.l2 = lr, beta, l1, l2
        self.state = [numpy.full((ROWS, DIM), initial_accumulator_value), numpy.zeros((ROWS, DIM))]

    def step(self, _, row, w, g):
        n, z = self.state
        sigma = (numpy.sqrt(n[row] + g * g) - numpy.sqrt(n[row])) / self.lr
        z[row] += g - sigma * w
        n[row] += g * g
        rate = (self.beta + numpy.sqrt(n[row])) / self.lr + self.l2
        return numpy.where(numpy.abs(z[row]) <= self.l1, 0.0, -(z[row] - numpy.sign(z[row]) * self.l1) / rate)


class Sgd:
    def __init__(self, lr, momentum=0.0):
        self.lr, self.momentum = lr, momentum
        self.state = [numpy.zeros((ROWS, DIM))] if momentum else []

    def step(self, _, row, w, g):
        if not self.state:
            return w - self.lr * g
        self.state[0][row] = self.momentum * self.state[0][row] + g
        return w - self.lr * self.state[0][row]


class RmsProp:
    def __init__(self, lr, alpha, eps):
        self.lr, self.alpha, self.eps = lr, alpha, eps
        self.state = [numpy.zeros((ROWS, DIM))]

    def step(self, _, row, w, g):
        square = self.state[0]
        square[row] = self.alpha * square[row] + (1 - self.alpha) * g * g
        return w - self.lr * g / (numpy.sqrt(square[row]) + self.eps)


class Adagrad:
    def __init__(self, lr, eps):
        self.lr, self.eps = lr, eps
        self.state = [numpy.zeros((ROWS, DIM))]

    def step(self, _, row, w, g):
        self.state[0][row] += g * g
        return w - self.lr * g / (numpy.sqrt(self.state[0][row]) + self.eps)


def write(name, run, algorithm, options, decay=None):
    options = {key: float(numpy.float32(value)) for key, value in options.items()}
    rate, decoupled = (float(numpy.float32(decay[0])), decay[1]) if decay else (0.0, False)
    optimizer = algorithm(**options)
    table = numpy.array(run.table).reshape(ROWS, DIM)
    for t in range(1, STEPS + 1):
        rows, gradient = gradient_of(run)
        for row in rows:
            w, g = table[row], gradient[row]
            if decoupled:
                w = w * (1 - options["lr"] * rate)
            else:
                g = g + rate * w
            table[row] = optimizer.step(t, row, w, g)
    if decay:
        options["weight_decay"] = (rate, decoupled)
    tensors = ", ".join(numbers(numpy.float32(tensor).flatten()) for tensor in optimizer.state)
    print(f'    {{"{name}", {run.cxx()}, {algorithm.__name__}{fields(options)}, StepOptions{{}}, std::nullopt,')
    print(f"     {numbers(numpy.float32(table).flatten())},\n     {{{tensors}}},\n     {{}}}},")


print("// Made by make_double_training.py.")
print("const GoldenRun double_runs[] = {")
ADAGRAD = {"lr": 0.1, "eps": 1e-8}
write("row-wise adagrad", Run(101), RowWiseAdagrad, ADAGRAD)
write("row-wise adagrad, mean", Run(102, "mean"), RowWiseAdagrad, {**ADAGRAD, "initial_accumulator_value": 0.5})
write("row-wise adagrad, weights", Run(103, "sum", weighted=True), RowWiseAdagrad, ADAGRAD)
write("row-wise adagrad, L2", Run(104), RowWiseAdagrad, ADAGRAD, (0.1, False))
write("row-wise adagrad, decoupled", Run(105), RowWiseAdagrad, ADAGRAD, (0.1, True))
ADAM = {"lr": 0.01, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8}
write("adam, L2", Run(110), Adam, ADAM, (0.1, False))
write("adam, decoupled", Run(111), Adam, ADAM, (0.1, True))
write("row-wise adam", Run(112), RowWiseAdam, ADAM)
write("row-wise adam, mean", Run(113, "mean"), RowWiseAdam, ADAM)
write("row-wise adam, L2", Run(114), RowWiseAdam, ADAM, (0.1, False))
write("row-wise adam, decoupled", Run(115), RowWiseAdam, ADAM, (0.1, True))
FTRL = {"lr": 0.1, "beta": 1.0, "l1": 0.5, "l2": 0.25}
write("ftrl", Run(120), Ftrl, FTRL)
write("ftrl, plain", Run(121), Ftrl, {"lr": 0.2, "beta": 0.5, "l1": 0.0, "l2": 0.0})
write("ftrl, mean", Run(122, "mean"), Ftrl, {**FTRL, "initial_accumulator_value": 0.125})
write("ftrl, L2", Run(123), Ftrl, FTRL, (0.05, False))
write("ftrl, decoupled", Run(124), Ftrl, FTRL, (0.05, True))
write("sgd, decoupled", Run(130), Sgd, {"lr": 0.03}, (0.1, True))
write("momentum, decoupled", Run(131), Sgd, {"lr": 0.01, "momentum": 0.9}, (0.1, True))
write("momentum, lazy", Run(132), Sgd, {"lr": 0.01, "momentum": 0.9})
write("adagrad, decoupled", Run(133), Adagrad, ADAGRAD, (0.1, True))
write("rmsprop, decoupled", Run(134), RmsProp, {"lr": 0.01, "alpha": 0.95, "eps": 1e-8}, (0.1, True))
print("};")
