// Half precision in arithmetic of double: each conversion rounds once, ties to even.
static float from_half(half_t h)
{
    int sign = h.bits >> 15, exponent = h.bits >> 10 & 31, fraction = h.bits & 1023;
    double x = exponent == 31 ? (fraction ? NAN : INFINITY)
             : exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    return (float)(sign ? -x : x);
}

static half_t to_half(double x)
{
    half_t h;
    unsigned sign = signbit(x) ? 0x8000 : 0;
    double size = fabs(x);
    if (x != x) h.bits = (unsigned short)(sign | 0x7e00);
    else if (size >= 65520) h.bits = (unsigned short)(sign | 0x7c00);
    else {
        int exponent;
        frexp(size, &exponent);
        if (exponent < -13 || size == 0) exponent = -13;
        int steps = (int)nearbyint(ldexp(size, 11 - exponent)); // up to 2048, which carries into the exponent
        h.bits = (unsigned short)(sign | (steps + ((exponent + 13) << 10)));
    }
    return h;
}

static half_t to_half(float x) { return to_half((double)x); }
