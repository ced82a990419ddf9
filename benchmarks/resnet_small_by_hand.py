"""The network of specs/resnet_small.yaml, written by hand in Keras: what people write without cnnspec."""

import keras
from keras import layers


def conv_norm(x, filters, kernel_size=3, strides=1):
    x = layers.ZeroPadding2D(kernel_size // 2)(x) if kernel_size > 1 else x
    x = layers.Conv2D(filters, kernel_size, strides=strides, use_bias=False)(x)
    return layers.BatchNormalization(momentum=0.9)(x)


inputs = keras.Input((28, 28, 1))
x = layers.ReLU()(conv_norm(inputs, 64, 7, 2))
for filters, strides in [(64, 1), (128, 2), (256, 2)]:
    y = conv_norm(x, filters, strides=strides)
    y = conv_norm(layers.ReLU()(y), filters)
    shortcut = x if x.shape[-1] == filters else conv_norm(x, filters, 1, strides)
    x = layers.ReLU()(layers.Add()([shortcut, y]))
x = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
assert model.count_params() == 1_231_690, model.count_params()
