#!/usr/bin/python3
"""Writes torch_training.inc: tables and optimizer states after 100 random steps of PyTorch (1.13, Debian's python3-torch).

Usage: make_torch_training.py > torch_training.inc

The optimizers whose steps move every row, where ours move those with a gradient, get runs in which every row has one.
"""

import numpy
import torch
import torch.nn.functional as functional

from training_runs import BAGS, DIM, POSITIONS, ROWS, STEPS, Run, fields, numbers

NORM_TYPES = {1.0: "l1", 2.0: "l2", float("inf"): "infinity"}
# What rowan calls it -> torch.optim's class, and the names of its state.
OPTIMIZERS = {
    "Sgd": (torch.optim.SGD, ["momentum_buffer"]),
    "Adagrad": (torch.optim.Adagrad, ["sum"]),
    "Adam": (torch.optim.SparseAdam, ["exp_avg", "exp_avg_sq"]),
    "RmsProp": (torch.optim.RMSprop, ["square_avg"]),
}


def f32(value):
    return float(numpy.float32(value))


def torch_options(options):
    """As torch.optim takes them."""
    made = dict(options)
    if "weight_decay" in made:
        made["weight_decay"] = made["weight_decay"][0]
    if "beta1" in made:
        made["betas"] = (made.pop("beta1"), made.pop("beta2"))
    return made


def looked_up(run, weight, indices, weights, sparse, max_norm):
    norm, norm_type = max_norm or (None, 2.0)
    if run.pooling is None:
        return functional.embedding(
            indices, weight, padding_idx=run.padding, max_norm=norm, norm_type=norm_type,
            scale_grad_by_freq=run.by_frequency, sparse=sparse)
    return functional.embedding_bag(
        indices.reshape(BAGS, -1), weight, mode=run.pooling, padding_idx=run.padding, max_norm=norm,
        norm_type=norm_type, per_sample_weights=weights, sparse=sparse)


def write(name, run, algorithm, options, sparse=False, clip_norm=None, clip_value=None, max_norm=None):
    options = {key: (f32(value[0]), value[1]) if isinstance(value, tuple) else value if isinstance(value, bool)
               else f32(value) for key, value in options.items()}
    kind, state_names = OPTIMIZERS[algorithm]
    weight = torch.tensor(run.table).reshape(ROWS, DIM).requires_grad_()
    optimizer = kind([weight], **torch_options(options))
    for _ in range(STEPS):
        indices, weights, gradient = run.next_step()
        if weights is not None:
            weights = torch.tensor(weights).reshape(BAGS, -1).requires_grad_()
        optimizer.zero_grad()
        out = looked_up(run, weight, torch.tensor(indices), weights, sparse, max_norm)
        out.backward(torch.tensor(gradient).reshape(out.shape))
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_([weight], clip_norm)
        if clip_value is not None:
            torch.nn.utils.clip_grad_value_([weight], clip_value)
        optimizer.step()

    step = {key: value for key, value in (("clip_value", clip_value), ("clip_norm", clip_norm)) if value is not None}
    if run.by_frequency:
        step["scale_grad_by_freq"] = True
    norm = "std::nullopt"
    if max_norm:
        norm = "MaxNorm" + fields({"max_norm": max_norm[0], "norm_type": f"MaxNorm::Type::{NORM_TYPES[max_norm[1]]}"})
    state = optimizer.state[weight]
    tensors = [numbers(state[key].flatten().tolist()) for key in state_names if state.get(key) is not None]
    of_weights = numbers(weights.grad.flatten().tolist()) if run.weighted else "{}"
    print(f'    {{"{name}", {run.cxx()}, {algorithm}{fields(options)}, StepOptions{fields(step)}, {norm},')
    print(f"     {numbers(weight.flatten().tolist())},")
    print(f"     {{{', '.join(tensors)}}},\n     {of_weights}}},")


print("// Made by make_torch_training.py.")
print("const GoldenRun torch_runs[] = {")
PLAIN = {"lr": 0.03}
write("sgd", Run(1), "Sgd", PLAIN)
write("sgd, sparse", Run(2), "Sgd", PLAIN, sparse=True)
write("sgd, padding", Run(3, padding=2), "Sgd", PLAIN)
write("sgd, by frequency", Run(4, by_frequency=True), "Sgd", PLAIN)
write("sgd, by frequency, padding", Run(5, by_frequency=True, padding=7), "Sgd", PLAIN)
for offset, pooling in enumerate(("sum", "mean", "max")):
    write(f"sgd, {pooling}", Run(10 + offset, pooling), "Sgd", PLAIN)
    write(f"sgd, {pooling}, padding", Run(20 + offset, pooling, padding=1), "Sgd", PLAIN)
write("sgd, weights", Run(30, "sum", weighted=True), "Sgd", PLAIN)
write("sgd, weights, padding", Run(31, "sum", weighted=True, padding=4), "Sgd", PLAIN)
MOMENTUM = {"lr": 0.01, "momentum": 0.9}
write("momentum", Run(40, all_rows=True), "Sgd", MOMENTUM)
write("momentum, mean", Run(41, "mean", all_rows=True), "Sgd", MOMENTUM)
write("nesterov", Run(42, all_rows=True), "Sgd", {**MOMENTUM, "nesterov": True})
write("nesterov, max", Run(43, "max", all_rows=True), "Sgd", {**MOMENTUM, "nesterov": True})
write("sgd, L2", Run(44, all_rows=True), "Sgd", {**PLAIN, "weight_decay": (0.1, False)})
write("nesterov, L2", Run(45, "sum", all_rows=True), "Sgd",
      {**MOMENTUM, "nesterov": True, "weight_decay": (0.1, False)})
ADAGRAD = {"lr": 0.1, "lr_decay": 0.01, "eps": 1e-10}
write("adagrad, sparse", Run(50), "Adagrad", ADAGRAD, sparse=True)
write("adagrad, sparse, padding", Run(51, padding=0), "Adagrad", ADAGRAD, sparse=True)
write("adagrad, sparse, mean", Run(52, "mean"), "Adagrad", {**ADAGRAD, "initial_accumulator_value": 0.25}, sparse=True)
write("adagrad, max", Run(53, "max"), "Adagrad", ADAGRAD)
write("adagrad, weights", Run(54, "sum", weighted=True), "Adagrad", ADAGRAD)
write("adagrad, by frequency", Run(55, by_frequency=True), "Adagrad", ADAGRAD)
write("adagrad, L2", Run(56, all_rows=True), "Adagrad", {**ADAGRAD, "weight_decay": (0.05, False)})
ADAM = {"lr": 0.01, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
write("adam", Run(60), "Adam", ADAM, sparse=True)
write("adam, padding", Run(61, padding=3), "Adam", ADAM, sparse=True)
write("adam, sum", Run(62, "sum"), "Adam", {**ADAM, "beta1": 0.8, "beta2": 0.95}, sparse=True)
write("adam, mean, padding", Run(63, "mean", padding=5), "Adam", ADAM, sparse=True)
RMSPROP = {"lr": 0.01, "alpha": 0.95, "eps": 1e-8}
write("rmsprop", Run(70, all_rows=True), "RmsProp", RMSPROP)
write("rmsprop, mean", Run(71, "mean", all_rows=True), "RmsProp", RMSPROP)
write("rmsprop, L2", Run(72, all_rows=True), "RmsProp", {**RMSPROP, "weight_decay": (0.1, False)})
write("clipped norm", Run(80), "Sgd", PLAIN, clip_norm=1.5)
write("clipped norm, larger than any", Run(81), "Sgd", PLAIN, clip_norm=100.0)
write("clipped norm, adagrad, mean", Run(82, "mean"), "Adagrad", ADAGRAD, clip_norm=0.5)
write("clipped value", Run(83), "Sgd", PLAIN, clip_value=0.25)
write("clipped norm and value", Run(84, all_rows=True), "RmsProp", RMSPROP, clip_norm=2.0, clip_value=0.5)
for offset, norm_type in enumerate(NORM_TYPES):
    write(f"max_norm, type {norm_type}", Run(90 + offset), "Sgd", {"lr": 0.1}, max_norm=(1.0, norm_type))
    write(f"max_norm, type {norm_type}, sum", Run(95 + offset, "sum"), "Adagrad", ADAGRAD, max_norm=(0.75, norm_type))
print("};")
