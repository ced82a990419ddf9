"""Which layers there are, by family: the names that each module of this package holds."""

FAMILIES = {
    "activation": """
        activation relu leaky_relu prelu elu softmax
    """,
    "attention": """
        attention multi_head_attention
    """,
    "augmentation": """
        random_flip random_rotation random_zoom random_translation random_shear random_perspective
        random_elastic_transform random_crop random_erasing
    """,
    "colours": """
        random_contrast random_brightness random_hue random_saturation random_color_degeneration
        random_color_jitter random_grayscale random_sharpness random_gaussian_blur random_invert
        random_posterization solarization auto_contrast contrast_limited_adaptive_histogram_equalization
    """,
    "convolution": """
        conv1d conv2d conv3d
    """,
    "depthwise": """
        depthwise_conv1d depthwise_conv2d separable_conv1d separable_conv2d
    """,
    "transposed": """
        conv1d_transpose conv2d_transpose conv3d_transpose
    """,
    "core": """
        dense flatten reshape permute repeat_vector identity activity_regularization
    """,
    "einsum": """
        einsum_dense
    """,
    "merging": """
        add subtract multiply average maximum minimum concatenate dot
    """,
    "normalization": """
        batch_normalization layer_normalization group_normalization unit_normalization rms_normalization
    """,
    "pooling": """
        max_pooling1d max_pooling2d max_pooling3d average_pooling1d average_pooling2d average_pooling3d
    """,
    "global_pooling": """
        global_max_pooling1d global_max_pooling2d global_max_pooling3d global_average_pooling1d
        global_average_pooling2d global_average_pooling3d
    """,
    "adaptive_pooling": """
        adaptive_max_pooling1d adaptive_max_pooling2d adaptive_max_pooling3d adaptive_average_pooling1d
        adaptive_average_pooling2d adaptive_average_pooling3d
    """,
    "preprocessing": """
        rescaling normalization
    """,
    "regularization": """
        dropout gaussian_dropout alpha_dropout gaussian_noise spatial_dropout1d spatial_dropout2d
        spatial_dropout3d
    """,
    "resizing": """
        zero_padding1d zero_padding2d zero_padding3d cropping1d cropping2d cropping3d up_sampling1d
        up_sampling2d up_sampling3d resizing center_crop
    """,
}
