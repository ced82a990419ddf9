"""The zoo beside keras.applications: which spec is which constructor."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, NamedTuple

ZOO = Path(__file__).parents[2] / "specs" / "zoo"


class Application(NamedTuple):
    """A constructor of keras.applications, its spec, its parameters by default, and the sides that inputs may have."""

    constructor: str
    spec: str
    parameters: int = 0
    side: int = 224
    smallest: int = 32
    arguments: dict[str, Any] = {}
    """What the constructor is given besides."""
    overrides: dict[str, Any] = {}
    """The same for the spec, by path."""

    @property
    def path(self) -> Path:
        """The spec's file."""
        return ZOO / f"{self.spec}.yaml"

    @property
    def extends(self) -> Path | None:
        """The spec that it extends."""
        found = re.search(r"^extends: (.+)$", self.path.read_text(encoding="utf-8"), re.MULTILINE)
        return ZOO / found[1] if found else None

    @property
    def label(self) -> str:
        """The constructor as it is called."""
        arguments = ", ".join(f"{name}={value}" for name, value in self.arguments.items())
        return f"{self.constructor}({arguments})" if arguments else self.constructor


APPLICATIONS = (
    Application("VGG16", "vgg16", 138_357_544),
    Application("VGG19", "vgg19", 143_667_240),
    Application("ResNet50", "resnet50", 25_636_712),
    Application("ResNet101", "resnet101", 44_707_176),
    Application("ResNet152", "resnet152", 60_419_944),
    Application("ResNet50V2", "resnet50_v2", 25_613_800),
    Application("ResNet101V2", "resnet101_v2", 44_675_560),
    Application("ResNet152V2", "resnet152_v2", 60_380_648),
    Application("DenseNet121", "densenet121", 8_062_504),
    Application("DenseNet169", "densenet169", 14_307_880),
    Application("DenseNet201", "densenet201", 20_242_984),
    Application("MobileNet", "mobilenet", 4_253_864),
    Application("MobileNetV2", "mobilenet_v2", 3_538_984),
    Application("MobileNetV3Small", "mobilenet_v3_small", 2_554_968),
    Application("MobileNetV3Large", "mobilenet_v3_large", 5_507_432),
    Application("Xception", "xception", 22_910_480, 299, 71),
    Application("InceptionV3", "inception_v3", 23_851_784, 299, 75),
    Application("InceptionResNetV2", "inception_resnet_v2", 55_873_736, 299, 75),
    Application("NASNetMobile", "nasnet_mobile", 5_326_716),
    Application("NASNetLarge", "nasnet_large", 88_949_818, 331),
    Application("ConvNeXtTiny", "convnext_tiny", 28_589_128),
    Application("ConvNeXtSmall", "convnext_small", 50_223_688),
    Application("ConvNeXtBase", "convnext_base", 88_591_464),
    Application("ConvNeXtLarge", "convnext_large", 197_767_336),
    Application("ConvNeXtXLarge", "convnext_xlarge", 350_196_968),
    Application("EfficientNetB0", "efficientnet_b0", 5_330_571),
    Application("EfficientNetB1", "efficientnet_b1", 7_856_239, 240),
    Application("EfficientNetB2", "efficientnet_b2", 9_177_569, 260),
    Application("EfficientNetB3", "efficientnet_b3", 12_320_535, 300),
    Application("EfficientNetB4", "efficientnet_b4", 19_466_823, 380),
    Application("EfficientNetB5", "efficientnet_b5", 30_562_527, 456),
    Application("EfficientNetB6", "efficientnet_b6", 43_265_143, 528),
    Application("EfficientNetB7", "efficientnet_b7", 66_658_687, 600),
    Application("EfficientNetV2B0", "efficientnet_v2_b0", 7_200_312),
    Application("EfficientNetV2B1", "efficientnet_v2_b1", 8_212_124, 240),
    Application("EfficientNetV2B2", "efficientnet_v2_b2", 10_178_374, 260),
    Application("EfficientNetV2B3", "efficientnet_v2_b3", 14_467_622, 300),
    Application("EfficientNetV2S", "efficientnet_v2_s", 21_612_360, 384),
    Application("EfficientNetV2M", "efficientnet_v2_m", 54_431_388, 480),
    Application("EfficientNetV2L", "efficientnet_v2_l", 119_027_848, 480),
)

_MINIMALISTIC = {"parameters.kernel_size": 3, "parameters.squeeze": False, "parameters.activation": "relu"}

VARIANTS = (
    Application("VGG16", "vgg16", arguments={"classes": 10}, overrides={"parameters.classes": 10}),
    *(
        Application("MobileNet", "mobilenet", arguments={"alpha": alpha}, overrides={"parameters.alpha": alpha})
        for alpha in (0.25, 0.75)
    ),
    *(
        Application("MobileNetV2", "mobilenet_v2", arguments={"alpha": alpha}, overrides={"parameters.alpha": alpha})
        for alpha in (0.25, 0.35, 1.4)
    ),
    *(
        Application(f"MobileNetV3{size}", f"mobilenet_v3_{size.lower()}", arguments=arguments, overrides=overrides)
        for size in ("Small", "Large")
        for arguments, overrides in (
            ({"alpha": 0.75}, {"parameters.alpha": 0.75}),
            ({"alpha": 1.5}, {"parameters.alpha": 1.5}),
            ({"minimalistic": True}, _MINIMALISTIC),
        )
    ),
)
"""The same constructors with arguments."""
