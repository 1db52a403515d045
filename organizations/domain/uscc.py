"""The unified social credit code 统一社会信用代码, as GB 32100-2015 builds it: told to the browser, checked by stdnum. Pure."""

from core.typed import Typed

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # without I, O, S, V, Z
WRONG = "统一社会信用代码不正确，请核对登记证书上的 18 位代码。"
TYPED = Typed(
    letters=(f"[{SIGNS}]*", "统一社会信用代码只有数字和字母，没有 I、O、S、V、Z，请核对。"),
    whole=(".{18}", "统一社会信用代码有 18 位，现在是 {count} 位，请核对。"),
    good="18 位，校验码正确", goal="18 位", is_upper=True, signs=SIGNS, weights=(*(3**n % 31 for n in range(17)), 1), says=WRONG,
)  # fmt: skip
