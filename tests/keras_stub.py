# SPDX-License-Identifier: MIT
"""As much of Keras as the programs of `fovea explain --keras` use, by PyTorch, for tests.

Keras itself is not needed: every layer computes at once, channels last, as Keras' documentation
says, on the numbers that `start` was given, and is recorded, so that `to_json` gives the
architecture as Keras' own does. Weights come from a function that is asked for them by the layer's
name and shapes, in Keras' order: kernels are height, width, in, out.
"""
import json
import sys
import types

import torch
from torch.nn import functional as F

state = types.SimpleNamespace(image=None, weights=None, layers=[], count={})


def start(image, weights):
    """The image (N, H, W, C) that Input stands for, and where weights come from."""
    state.image, state.weights, state.layers, state.count = image, weights, [], {}


class Tensor:
    def __init__(self, value, layer):  # the layer's name, and which of its calls
        self.value, self.layer, self.flattened = value, layer, None

    def __getitem__(self, index):
        return Tensor(self.value[index], self.layer)

    def __mul__(self, other):
        return Tensor(self.value * other, self.layer)

    __rmul__ = __mul__


def first(x):  # N, H, W, C to N, C, H, W
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x


def last(x):
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


def pair(v):
    return (v, v) if isinstance(v, int) else tuple(v)


def same(x, size, strides, dilation, value):
    """Zeros around x (N, C, H, W) as padding="same" puts them: the odd one at the end."""
    sides = []
    for d in (1, 0):
        n, s = x.shape[2 + d], strides[d]
        total = max(0, (-(-n // s) - 1) * s + dilation[d] * (size[d] - 1) + 1 - n)
        sides += [total // 2, total - total // 2]
    return F.pad(x, sides, value=value)


class Layer:
    defaults = {}

    def __init__(self, *args, name=None, **config):
        unknown = set(config) - set(self.defaults)
        assert not unknown, f"{type(self).__name__} takes no {unknown}"
        self.config = dict(self.defaults)
        self.config.update(zip(self.defaults, args))
        self.config.update(config)
        kind = type(self).__name__
        state.count[kind] = state.count.get(kind, 0) + 1
        self.name = name or f"{kind.lower()}_{state.count[kind]}"
        self.calls = []

    def __getattr__(self, key):
        return self.config[key]

    def __call__(self, x):
        if self not in state.layers:
            state.layers.append(self)
        inputs = x if isinstance(x, list) else [x]
        self.calls.append([(t.layer, t.value.shape) for t in inputs])
        here = (self.name, len(self.calls) - 1)
        out = Tensor(self.compute(*[t.value for t in inputs], tensor=inputs[0]), here)
        if isinstance(self, Flatten):
            out.flattened = inputs[0].value.shape
        return out

    def weight(self, what, shape, tensor=None):
        return state.weights(self.name, what, tuple(shape), tensor)


def pads(layer, x, size, strides, dilation=(1, 1), value=0.0):
    assert layer.padding in ("valid", "same")
    return same(x, size, strides, dilation, value) if layer.padding == "same" else x


class Conv2D(Layer):
    defaults = dict(filters=None, kernel_size=None, strides=(1, 1), padding="valid",
                    data_format="channels_last", dilation_rate=(1, 1), groups=1, activation=None,
                    use_bias=True)

    def compute(self, x, tensor):
        size, s, d = pair(self.kernel_size), pair(self.strides), pair(self.dilation_rate)
        w = self.weight("kernel", (*size, x.shape[3] // self.groups, self.filters))
        b = self.weight("bias", (self.filters,)) if self.use_bias else None
        x = pads(self, first(x), size, s, d)
        return last(F.conv2d(x, w.permute(3, 2, 0, 1), b, s, 0, d, self.groups))


class DepthwiseConv2D(Layer):
    defaults = dict(kernel_size=None, strides=(1, 1), padding="valid", depth_multiplier=1,
                    data_format="channels_last", dilation_rate=(1, 1), activation=None, use_bias=True)

    def compute(self, x, tensor):
        size, s, d = pair(self.kernel_size), pair(self.strides), pair(self.dilation_rate)
        c, m = x.shape[3], self.depth_multiplier
        w = self.weight("depthwise_kernel", (*size, c, m))
        b = self.weight("bias", (c * m,)) if self.use_bias else None
        w = w.permute(2, 3, 0, 1).reshape(c * m, 1, *size)
        return last(F.conv2d(pads(self, first(x), size, s, d), w, b, s, 0, d, c))


class Conv2DTranspose(Layer):
    defaults = dict(filters=None, kernel_size=None, strides=(1, 1), padding="valid",
                    data_format="channels_last", dilation_rate=(1, 1), activation=None, use_bias=True)

    def compute(self, x, tensor):
        size, s, d = pair(self.kernel_size), pair(self.strides), pair(self.dilation_rate)
        w = self.weight("kernel", (*size, self.filters, x.shape[3]))
        b = self.weight("bias", (self.filters,)) if self.use_bias else None
        y = F.conv_transpose2d(first(x), w.permute(3, 2, 0, 1), b, s, 0, 0, 1, d)
        for a in (0, 1):
            n, reach = x.shape[1 + a], d[a] * (size[a] - 1) + 1
            full = (n - 1) * s[a] + max(reach, s[a])
            if y.shape[2 + a] < full:  # beyond the kernel the bias alone
                more = [0, 0, 0, 0]
                more[3 - 2 * a] = full - y.shape[2 + a]
                y = F.pad(y - (0 if b is None else b[:, None, None]), more)
                y = y + (0 if b is None else b[:, None, None])
            if self.padding == "same":
                cut = max(reach - s[a], 0) // 2
                y = y.narrow(2 + a, cut, n * s[a])
        return last(y)


class MaxPooling2D(Layer):
    defaults = dict(pool_size=(2, 2), strides=None, padding="valid", data_format="channels_last")

    def compute(self, x, tensor):
        size = pair(self.pool_size)
        s = pair(self.strides or size)
        return last(F.max_pool2d(pads(self, first(x), size, s, value=float("-inf")), size, s))


class AveragePooling2D(MaxPooling2D):
    def compute(self, x, tensor):
        size = pair(self.pool_size)
        s = pair(self.strides or size)
        sums = F.avg_pool2d(pads(self, first(x), size, s), size, s)
        ones = F.avg_pool2d(pads(self, torch.ones_like(first(x)), size, s), size, s)
        return last(sums / ones)


class GlobalAveragePooling2D(Layer):
    defaults = dict(data_format="channels_last", keepdims=False)

    def compute(self, x, tensor):
        return x.mean((1, 2), keepdim=self.keepdims)


class GlobalMaxPooling2D(GlobalAveragePooling2D):
    def compute(self, x, tensor):
        return x.amax((1, 2), keepdim=self.keepdims)


class Dense(Layer):
    defaults = dict(units=None, activation=None, use_bias=True)

    def compute(self, x, tensor):
        assert x.dim() == 2
        y = x @ self.weight("kernel", (x.shape[1], self.units), tensor)
        return y + self.weight("bias", (self.units,)) if self.use_bias else y


class BatchNormalization(Layer):
    defaults = dict(axis=-1, momentum=0.99, epsilon=1e-3, center=True, scale=True)

    def compute(self, x, tensor):
        g, b, m, v = (self.weight(n, (x.shape[-1],))
                      for n in ("gamma", "beta", "moving_mean", "moving_variance"))
        return (x - m) / torch.sqrt(v + self.epsilon) * g + b


class LayerNormalization(Layer):
    defaults = dict(axis=-1, epsilon=1e-3, center=True, scale=True)

    def compute(self, x, tensor):
        axes = [self.axis] if isinstance(self.axis, int) else sorted(a % x.dim() for a in self.axis)
        shape = [x.shape[a] for a in axes]
        y = (x - x.mean(axes, True)) / torch.sqrt(x.var(axes, False, keepdim=True) + self.epsilon)
        y = y * self.weight("gamma", shape, tensor) if self.scale else y
        return y + self.weight("beta", shape, tensor) if self.center else y


class GroupNormalization(Layer):
    defaults = dict(groups=32, axis=-1, epsilon=1e-3, center=True, scale=True)

    def compute(self, x, tensor):
        y = last(F.group_norm(first(x), self.groups, eps=self.epsilon))
        y = y * self.weight("gamma", (x.shape[-1],)) if self.scale else y
        return y + self.weight("beta", (x.shape[-1],)) if self.center else y


class Dropout(Layer):
    defaults = dict(rate=None)

    def compute(self, x, tensor):
        return x


class ReLU(Layer):
    defaults = dict(max_value=None, negative_slope=0.0, threshold=0.0)

    def compute(self, x, tensor):
        return torch.clamp(x, 0, self.max_value)


class LeakyReLU(Layer):
    defaults = dict(negative_slope=0.3)

    def compute(self, x, tensor):
        return F.leaky_relu(x, self.negative_slope)


class ELU(Layer):
    defaults = dict(alpha=1.0)

    def compute(self, x, tensor):
        return F.elu(x, self.alpha)


class PReLU(Layer):
    defaults = dict(shared_axes=None)

    def compute(self, x, tensor):
        shape = [1 if i in (self.shared_axes or ()) else n for i, n in enumerate(x.shape)][1:]
        return torch.where(x > 0, x, x * self.weight("alpha", shape))


class Softmax(Layer):
    defaults = dict(axis=-1)

    def compute(self, x, tensor):
        return F.softmax(x, self.axis)


FUNCTIONS = {"relu": F.relu, "elu": F.elu, "selu": F.selu, "celu": F.celu, "gelu": F.gelu,
             "silu": F.silu, "mish": F.mish, "softplus": F.softplus, "sigmoid": torch.sigmoid,
             "tanh": torch.tanh, "softsign": F.softsign, "hard_swish": F.hardswish,
             "softmax": lambda x: F.softmax(x, -1), "log_softmax": lambda x: F.log_softmax(x, -1)}


class Activation(Layer):
    defaults = dict(activation=None)

    def compute(self, x, tensor):
        return FUNCTIONS[self.activation](x)


class Add(Layer):
    def compute(self, *x, tensor):
        return sum(x[1:], x[0])


class Subtract(Layer):
    def compute(self, a, b, tensor):
        return a - b


class Multiply(Layer):
    def compute(self, *x, tensor):
        y = x[0]
        for more in x[1:]:
            y = y * more
        return y


class Maximum(Layer):
    def compute(self, *x, tensor):
        return torch.stack(x).amax(0)


class Minimum(Layer):
    def compute(self, *x, tensor):
        return torch.stack(x).amin(0)


class Average(Layer):
    def compute(self, *x, tensor):
        return torch.stack(x).mean(0)


class Concatenate(Layer):
    defaults = dict(axis=-1)

    def compute(self, *x, tensor):
        return torch.cat(x, self.axis)


class Flatten(Layer):
    defaults = dict(data_format="channels_last")

    def compute(self, x, tensor):
        return x.flatten(1)


class ZeroPadding2D(Layer):
    defaults = dict(padding=(1, 1), data_format="channels_last")

    def compute(self, x, tensor):
        (top, bottom), (left, right) = self.padding
        return F.pad(x, (0, 0, left, right, top, bottom))


class Cropping2D(Layer):
    defaults = dict(cropping=(0, 0), data_format="channels_last")

    def compute(self, x, tensor):
        (top, bottom), (left, right) = self.cropping
        return x[:, top:x.shape[1] - bottom, left:x.shape[2] - right, :]


class UpSampling2D(Layer):
    defaults = dict(size=(2, 2), data_format="channels_last", interpolation="nearest")

    def compute(self, x, tensor):
        size = [n * f for n, f in zip(x.shape[1:3], pair(self.size))]
        more = {} if self.interpolation == "nearest" else {"align_corners": False}
        return last(F.interpolate(first(x), size=size, mode=self.interpolation, **more))


class InputLayer(Layer):
    defaults = dict(batch_shape=None)


def Input(shape):
    assert tuple(state.image.shape[1:]) == tuple(shape), (state.image.shape, shape)
    layer = InputLayer(batch_shape=(None, *shape), name="image")
    state.layers.append(layer)
    return Tensor(state.image, (layer.name, 0))


class Model:
    def __init__(self, inputs, outputs, name=None):
        self.outputs = outputs if isinstance(outputs, list) else [outputs]
        self.inputs, self.name = inputs, name
        self.layers = list(state.layers)

    def to_json(self, version=3):
        """The architecture as Keras 2 or 3 writes it."""
        def source(layer, shape):
            if version < 3:
                return [*layer, 0, {}]
            return {"class_name": "__keras_tensor__",
                    "config": {"shape": [None, *shape[1:]], "dtype": "float32",
                               "keras_history": [*layer, 0]}}

        def node(call):
            sources = [source(*s) for s in call]
            if version < 3:
                return sources
            return {"args": [sources if len(sources) > 1 else sources[0]], "kwargs": {}}

        layers = [{"class_name": type(layer).__name__, "name": layer.name,
                   "config": {"name": layer.name, "trainable": True, **layer.config},
                   "inbound_nodes": [node(call) for call in layer.calls]} for layer in self.layers]
        config = {"name": self.name, "layers": layers, "input_layers": [[*self.inputs.layer, 0]],
                  "output_layers": [[*t.layer, 0] for t in self.outputs]}
        return json.dumps({"class_name": "Functional", "config": config, "keras_version": f"{version}.0"})


def install():
    """Makes `import keras` mean this."""
    keras, layers, ops = (types.ModuleType(n) for n in ("keras", "keras.layers", "keras.ops"))
    for name, thing in list(globals().items()):
        if isinstance(thing, type) and issubclass(thing, Layer):
            setattr(layers, name, thing)
    ops.tanh = lambda x: Tensor(torch.tanh(x.value), x.layer)
    ops.clip = lambda x, low, high: Tensor(torch.clamp(x.value, low, high), x.layer)
    ops.pad = lambda x, sides: Tensor(
        F.pad(x.value, [n for side in reversed(sides) for n in side]), x.layer)
    keras.Input, keras.Model, keras.layers, keras.ops = Input, Model, layers, ops
    sys.modules.update({"keras": keras, "keras.layers": layers, "keras.ops": ops})
