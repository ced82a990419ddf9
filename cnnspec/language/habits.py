"""What names of other frameworks, of other formats and of everyday speech mean here."""

from __future__ import annotations

# Where a word means one thing in one place and another in another, its second meaning.
ARGUMENTS = {
    "size": "pool_size", "kernelsize": "pool_size", "kernel": "pool_size", "ksize": "pool_size",
    "mode": "interpolation", "alpha": "negative_slope", "count": "times", "n": "times", "num": "times",
    "depth": "times", "number": "times", "if": "condition", "test": "condition", "then": "layers", "else": "otherwise",
    "body": "layers", "main": "layers", "branches": "paths", "skip": "shortcut", "for": "over", "in": "over",
    "values": "over", "var": "as", "id": "name", "label": "name", "layers": "inputs", "dropoutrate": "rate",
    "none": "linear", "numoutput": "units", "numoutputs": "units", "numfeatures": "units", "outchannels": "units",
    "pad": "padding", "padding": "padding", "reduction": "merge", "input": "inputs", "from": "inputs",
    "bottom": "inputs", "conv": "projection", "conv1x1": "projection", "file": "path", "filename": "path",
    "filepath": "path", "folder": "path", "dir": "path", "directory": "path", "exclude": "skip", "ignore": "skip",
    "images": "x_train", "x": "x_train", "labels": "y_train", "y": "y_train", "targets": "y_train",
    "method": "interpolation", "initlr": "initial_learning_rate", "dataset": "data", "datasets": "data",
    "l1": "mean_absolute_error", "l2": "mean_squared_error", "lower": "min", "lowest": "min", "higher": "max",
    "highest": "max", "filtersize": "pool_size", "rate": "dilation_rate",
}  # fmt: skip

# PyTorch, Caffe, Ultralytics and older Keras names → ours. Compared in lower case without `nn.`, `_` and `-`.
HABITS = {
    "linear": "dense", "fc": "dense", "fullyconnected": "dense", "innerproduct": "dense",
    "conv": "conv2d", "convolution": "conv2d", "convolution2d": "conv2d",
    "convtranspose2d": "conv2d_transpose", "deconv": "conv2d_transpose", "deconvolution": "conv2d_transpose",
    "deconv2d": "conv2d_transpose", "deconvolution2d": "conv2d_transpose", "upconv": "conv2d_transpose",
    "convtranspose1d": "conv1d_transpose", "convtranspose3d": "conv3d_transpose",
    "depthwiseconv": "depthwise_conv2d", "dwconv": "depthwise_conv2d", "sepconv": "separable_conv2d",
    "pool": "max_pooling2d", "maxpool": "max_pooling2d", "maxpool2d": "max_pooling2d", "maxpooling": "max_pooling2d",
    "avgpool": "average_pooling2d", "avgpool2d": "average_pooling2d", "averagepooling": "average_pooling2d",
    "maxpool1d": "max_pooling1d", "avgpool1d": "average_pooling1d",
    "maxpool3d": "max_pooling3d", "avgpool3d": "average_pooling3d",
    "adaptiveavgpool2d": "adaptive_average_pooling2d", "gap": "global_average_pooling2d",
    "globalavgpool2d": "global_average_pooling2d", "globalavgpool": "global_average_pooling2d",
    "globalaveragepooling": "global_average_pooling2d",
    "adaptivemaxpool2d": "adaptive_max_pooling2d", "globalmaxpool2d": "global_max_pooling2d",
    "bn": "batch_normalization", "batchnorm": "batch_normalization", "batchnorm2d": "batch_normalization",
    "batchnorm1d": "batch_normalization", "layernorm": "layer_normalization", "groupnorm": "group_normalization",
    "instancenorm2d": "group_normalization", "concat": "concatenate", "cat": "concatenate", "sum": "add",
    "mul": "multiply", "upsample": "up_sampling2d", "upsampling": "up_sampling2d", "interpolate": "resizing",
    "zeropad2d": "zero_padding2d", "pad": "zero_padding2d", "zeropadding": "zero_padding2d", "crop": "cropping2d",
    "dropout2d": "spatial_dropout2d", "resize": "resizing", "view": "reshape", "transpose": "permute",
    "multiheadattention": "multi_head_attention", "leakyrelu": "leaky_relu", "lrelu": "leaky_relu",
    "swish": "silu", "skip": "residual", "shortcut": "residual", "loop": "repeat", "parallel": "branches",
    "crossentropyloss": "sparse_categorical_crossentropy", "crossentropy": "sparse_categorical_crossentropy",
    "celoss": "sparse_categorical_crossentropy", "bceloss": "binary_crossentropy", "bce": "binary_crossentropy",
    "mse": "mean_squared_error", "mseloss": "mean_squared_error", "l1loss": "mean_absolute_error",
    "mae": "mean_absolute_error", "acc": "accuracy", "earlystop": "early_stopping",
    "cosineannealinglr": "cosine_decay", "cosineannealing": "cosine_decay", "steplr": "exponential_decay",
    "xavier": "glorot_uniform", "kaiming": "he_normal", "kaimingnormal": "he_normal", "kaiminguniform": "he_uniform",
    "xavieruniform": "glorot_uniform", "xaviernormal": "glorot_normal", "weightdecay": "l2",
    "bcewithlogitsloss": "binary_crossentropy", "logsoftmax": "log_softmax",
    "nllloss": "sparse_categorical_crossentropy",
    "smoothl1loss": "huber", "smoothl1": "huber", "kldivloss": "kl_divergence",
    "reducelronplateau": "reduce_lr_on_plateau", "modelcheckpoint": "model_checkpoint",
    "normalize": "normalization", "rescale": "rescaling", "eltwise": "add", "for": "repeat", "foreach": "repeat",
    "exponentiallr": "exponential_decay", "polynomiallr": "polynomial_decay",
    "mode": "merge", "version": "cnnspec", "dtype": "precision", "floatx": "precision", "cosine": "cosine_decay",
    "exponential": "exponential_decay", "polynomial": "polynomial_decay",
    "piecewise": "piecewise_constant_decay", "f1": "f1_score", "f1score": "f1_score",
    "top5": "sparse_top_k_categorical_accuracy", "top5accuracy": "sparse_top_k_categorical_accuracy",
    "if": "when", "switch": "when", "ifelse": "when",
    "leftright": "horizontal", "updown": "vertical",
    "fp16": "mixed_float16", "float16": "mixed_float16", "half": "mixed_float16", "mixed": "mixed_float16",
    "bf16": "mixed_bfloat16", "bfloat16": "mixed_bfloat16", "fp32": "float32", "float": "float32",
    "prelayernorm": "layer_normalization", "avgpooling": "average_pooling2d",
    "randomhorizontalflip": "random_flip", "cifar": "cifar10", "fashionmnist": "fashion_mnist",
    # arguments
    "planes": "filters", "requiresgrad": "trainable", "gaussian": "random_normal", "normal": "random_normal",
    "uniform": "random_uniform", "elasticnet": "l1_l2", "bf16mixed": "mixed_bfloat16", "16mixed": "mixed_float16",
    "amp": "auto", "rotate": "random_rotation", "rotation": "random_rotation", "flip": "random_flip",
    "outchannels": "filters", "outfeatures": "units", "channels": "filters", "numoutput": "filters",
    "numfilters": "filters", "nbfilter": "filters", "outputdim": "units", "size": "kernel_size",
    "kernel": "kernel_size", "ksize": "kernel_size", "kernelshape": "kernel_size",
    "stride": "strides", "subsample": "strides", "bordermode": "padding",
    "dilation": "dilation_rate", "dilations": "dilation_rate", "bias": "use_bias", "p": "rate", "prob": "rate",
    "dim": "axis", "act": "activation",
    "nonlinearity": "activation", "init": "kernel_initializer", "negativeslope": "negative_slope",
    "scalefactor": "size", "lr": "learning_rate", "eps": "epsilon", "wd": "weight_decay",
    "batch": "batch_size", "nepochs": "epochs", "maxepochs": "epochs", "inputshape": "input", "network": "layers",
    "model": "layers", "sequential": "layers", "params": "parameters", "vars": "parameters", "variables": "parameters",
    "constants": "parameters", "hyperparameters": "parameters", "args": "parameters", "arguments": "parameters",
    "defines": "parameters", "dataset": "source", "modules": "blocks", "macros": "blocks", "functions": "blocks",
    "include": "imports", "includes": "imports", "base": "extends", "inherit": "extends", "inherits": "extends",
    "parent": "extends", "train": "training", "trainer": "training", "compile": "training", "fit": "training",
    "numoutputs": "filters", "numclasses": "units", "classes": "units",
    "nunits": "units", "hidden": "units", "neurons": "units", "nbepoch": "epochs",
    "numepochs": "epochs", "bs": "batch_size", "frozen": "freeze", "wregularizer": "kernel_regularizer",
    "weightregularizer": "kernel_regularizer", "weightinitializer": "kernel_initializer",
    "weightinit": "kernel_initializer", "weightconstraint": "kernel_constraint", "out": "units",
    "bregularizer": "bias_regularizer", "wconstraint": "kernel_constraint", "bconstraint": "bias_constraint",
    "activationfn": "activation", "weightsinitializer": "kernel_initializer",
    "atrousrate": "dilation_rate", "clipgrad": "clipnorm", "clipgradnorm": "clipnorm",
    "logits": "from_logits", "augment": "augmentation", "augmentations": "augmentation",
    "transforms": "preprocessing", "preprocess": "preprocessing", "normalisation": "normalization",
    "restorebest": "restore_best_weights", "weight": "weights",
    "gemm": "dense", "matmul": "dense", "unflatten": "reshape", "instancenorm": "group_normalization",
    "se": "squeeze_excite", "senet": "squeeze_excite", "squeezeexcitation": "squeeze_excite",
    "res": "basic_residual", "resnet": "basic_residual", "basic": "basic_residual",
    "bottleneck": "bottleneck_residual", "transformer": "transformer_encoder", "encoder": "transformer_encoder",
    "hswish": "hard_silu", "hardswish": "hard_silu", "hsigmoid": "hard_sigmoid", "logistic": "sigmoid",
    "quickgelu": "gelu", "identity": "linear", "shrink": "hard_shrink",
    "baselr": "learning_rate", "initlr": "learning_rate", "maxlr": "learning_rate",
    "initiallr": "initial_learning_rate", "startlr": "initial_learning_rate",
    "ks": "kernel_size", "filtersize": "kernel_size", "outputsize": "units", "autopad": "padding",
    "droprate": "rate", "dropout": "rate", "dataloader": "data",
    "validpct": "validation_split", "valpct": "validation_split", "valratio": "validation_split",
    "valsize": "validation_split", "testsize": "validation_split", "holdout": "validation_split",
    "focal": "categorical_focal_crossentropy", "xent": "sparse_categorical_crossentropy", "jaccard": "mean_iou",
    "iou": "mean_iou", "miou": "mean_iou", "criterion": "loss", "objective": "loss", "solver": "optimizer",
    "minibatchsize": "batch_size", "minibatch": "batch_size", "maxepoch": "epochs",
    "totalepochs": "epochs", "stepdecay": "exponential_decay",
    "onplateau": "reduce_lr_on_plateau",
    "checkpoint": "model_checkpoint", "alpha": "rho", "nearestneighbor": "nearest",
}  # fmt: skip


_SCHEDULE = "a schedule is a learning rate: `optimizer: {adam: {learning_rate: {cosine_decay: 0.001}}}`"

# Keys of other formats, and keys of another section: where what they say belongs.
ELSEWHERE = {
    **dict.fromkeys(("lr", "learning_rate", "base_lr"), "write `optimizer: {adam: {learning_rate: …}}`"),
    **dict.fromkeys(("description", "author", "comment", "date", "notes", "doc", "license"),
                    "say it in a comment: `# …`"),
    **dict.fromkeys(("device", "gpu", "gpus", "accelerator"), "`cnnspec train --device gpu:0` says it"),
    **dict.fromkeys(("shuffle",), "take it out: the images come in another order each epoch"),
    **dict.fromkeys(("pretrained", "imagenet"), "write `weights:` and the path of a file of weights"),
    **dict.fromkeys(("class_weight", "class_weights", "sample_weight"), "take it out: every image weighs the same"),
    **dict.fromkeys(("gradient_clipping", "gradient_clip", "gradient_clip_val", "clip_grad", "grad_clip",
                     "max_grad_norm", "clipnorm", "clipvalue"),
                    "it belongs to the optimizer: `optimizer: {adam: {clipnorm: 1.0}}`"),
    **dict.fromkeys(("verbose", "num_workers", "workers", "pin_memory", "prefetch", "cache", "drop_last"),
                    "take it out: there is nothing to set"),
    **dict.fromkeys(("scheduler", "schedule", "lr_scheduler", "lr_schedule", "lr_policy", "lr_decay"), _SCHEDULE),
    **dict.fromkeys(("max_iter", "iterations", "max_iterations", "steps", "max_steps", "num_steps", "steps_per_epoch"),
                    "training is counted in epochs: `epochs: …`"),
    **dict.fromkeys(("patience", "early_stopping", "early_stop"),
                    "it stands under `callbacks: [{early_stopping: {patience: …}}]`"),
    **dict.fromkeys(("validation_data", "val_data"), "`data: {validation_split: …}` holds images out to validate with"),
    **dict.fromkeys(("momentum", "weight_decay"), "it belongs to the optimizer: `optimizer: {sgd: {…}}`"),
    **dict.fromkeys(("batch_size", "epochs", "optimizer", "loss", "metrics", "callbacks", "seed"),
                    "it belongs under `training:`"),
    **dict.fromkeys(("validation_split", "augmentation", "preprocessing", "source"), "it belongs under `data:`"),
    **dict.fromkeys(("nc", "num_classes", "classes", "depth_multiple", "width_multiple"),
                    "a number of your own stands under `parameters:`"),
    **dict.fromkeys(("backbone", "head", "encoder", "decoder"), "every layer stands in one list, `layers:`"),
}  # fmt: skip

# Arguments of other frameworks that say what is known here.
NEEDLESS = {
    **dict.fromkeys(("in_channels", "in_features", "num_features", "input_shape", "input_dim", "batch_input_shape",
                     "normalized_shape", "num_channels", "input_size"),
                    "take it out: the size of the input is known here"),
    **dict.fromkeys(("data_format", "inplace"), "take it out: there is one way only"),
}  # fmt: skip

# Arguments of other frameworks that are said in another way here: what to write.
OTHERWISE = {
    **dict.fromkeys(("keep_prob", "keep_rate", "keep"), "write `rate: …`, the share that is dropped (1 − this)"),
    "weight_decay": "write `kernel_regularizer: {l2: …}`; or `optimizer: {adamw: {weight_decay: …}}` for all",
    "affine": "write `center: …` for the shift, and `scale: …` for the factor",
    **dict.fromkeys(("std", "stddev"), "write `variance: …`, the square of it"),
    **dict.fromkeys(("filters", "out_channels"), "it keeps the channels; `depth_multiplier` multiplies them"),
    **dict.fromkeys(("t_max", "T_max", "total_steps"),
                    "leave it out: it lasts the whole run; `decay_steps` counts steps"),
    **dict.fromkeys(("start_dim", "end_dim"), "take it out: all axes but the batch are flattened"),
    **dict.fromkeys(("ceil_mode", "return_indices"), "take it out; `padding` says what is added at the borders"),
    "embed_dim": "write `key_dim: …`, the size of one head: this number through `num_heads`",
    "betas": "write `beta_1: …, beta_2: …`",
    "padding_mode": "take it out: maps are padded with zeros",
    **dict.fromkeys(("normalizer_fn", "normalizer", "normalization", "batch_norm", "batch_normalization", "norm", "bn",
                     "norm_layer", "norm_cfg"), "write an entry of its own below it: `- batch_normalization`"),
    **dict.fromkeys(("scheduler", "schedule", "lr_scheduler", "decay", "lr_decay"),
                    "write it as the learning rate: `learning_rate: {exponential_decay: …}`"),
    **dict.fromkeys(("pads",), "write `padding: [[top, bottom], [left, right]]`, or one number for all sides"),
}  # fmt: skip

# Layers that there are not, in lower case without `_`: what to do instead.
_RECURRENT = "there are no recurrent layers: `conv1d` and `multi_head_attention` work on sequences"
_LIST = "put its entries into this list; `repeat`, `residual` and `branches` hold lists of their own"
ABSENT = {
    **dict.fromkeys(("input", "inputlayer", "inputs"), "take it out: `input:` at the top says what comes in"),
    **dict.fromkeys(("layers", "sequential", "modulelist", "container", "model", "block", "stack"), _LIST),
    **dict.fromkeys(("lstm", "gru", "rnn", "simplernn", "bidirectional", "convlstm2d", "bilstm"), _RECURRENT),
    **dict.fromkeys(("totensor", "toimage"),
                    "take it out: images are arrays already; `rescaling: $(1/255)` scales them"),
    "embedding": "there are no embeddings: the input of a network is numbers",
    "lambda": "there are no layers of your own code: `activation`, `rescaling` and the merges compute",
    "timedistributed": "write the layer itself: `dense` and `conv2d` work on each step by themselves",
    **dict.fromkeys(("merge", "mergelayer"), "each merge has a name of its own: `add`, `multiply`, `concatenate`, …"),
    **dict.fromkeys(("pooling", "pool2d", "poolinglayer"), "write `max_pooling2d` or `average_pooling2d`"),
    **dict.fromkeys(("lrn", "localresponsenorm", "localresponsenormalization", "crosschannelnormalization"),
                    "there is no such normalization; nets of today take `batch_normalization`"),
    **dict.fromkeys(("droppath", "stochasticdepth"), "write `dropout: {rate: …, noise_shape: [null, 1, 1, 1]}`"),
    **dict.fromkeys(("mixup", "cutmix"), "it mixes labels, too, which no augmentation here does"),
    **dict.fromkeys(("output", "outputlayer", "classificationlayer", "regressionlayer", "loss"),
                    "take it out: the last entry is the output, and `training:` has the loss"),
}  # fmt: skip

# The same of callbacks; some belong elsewhere, as schedules.
SCHEDULED = ("learningratescheduler", "lrscheduler", "lambdacallback", "cosineannealing", "warmup")
NO_CALLBACKS = {
    **dict.fromkeys(SCHEDULED, _SCHEDULE),
    **dict.fromkeys(("csvlogger", "progbarlogger"), "take it out: a run writes its `history.csv`"),
}

# Names of which only a value with arguments says the same.
WRITTEN = {
    **dict.fromkeys(("bcewithlogits", "bcewithlogitsloss", "sigmoidcrossentropywithlogits", "bcelogits"),
                    ("binary_crossentropy", "{from_logits: true}")),
    **dict.fromkeys(("instancenorm", "instancenorm2d", "instancenormalization"), ("group_normalization", "-1")),
}  # fmt: skip
