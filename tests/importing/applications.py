"""The 40 models of keras.applications, each on the smallest input that it is happy with."""

SIZES = {
    **dict.fromkeys(["VGG16", "VGG19"], 32),
    **dict.fromkeys([f"ResNet{depth}{version}" for depth in (50, 101, 152) for version in ("", "V2")], 32),
    **dict.fromkeys(["MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large"], 32),
    **dict.fromkeys(["DenseNet121", "DenseNet169", "DenseNet201"], 32),
    **dict.fromkeys([f"EfficientNetB{number}" for number in range(8)], 32),
    **dict.fromkeys([f"EfficientNetV2{kind}" for kind in ("B0", "B1", "B2", "B3", "S", "M", "L")], 32),
    **dict.fromkeys([f"ConvNeXt{kind}" for kind in ("Tiny", "Small", "Base", "Large", "XLarge")], 32),
    **dict.fromkeys(["InceptionV3", "InceptionResNetV2"], 75),
    "Xception": 71,
    **dict.fromkeys(["NASNetMobile", "NASNetLarge"], 32),
}

QUICK = ("ResNet50", "MobileNetV2")
SMALL = (*QUICK, "MobileNetV3Small", "Xception", "ConvNeXtTiny")
"""Those that take little time, of different kinds."""

KINDS = ("VGG16", "DenseNet121", "EfficientNetB0", "InceptionV3", "NASNetMobile")
"""One of each kind that `SMALL` lacks."""
