"""How far rounding alone can move a sum of products, whichever kernel computes it.

A processor's kernels add the same terms in orders of their own, so float32 results differ from
machine to machine. Tests of a formula therefore compute in float64 (the fixture `float64`), and
tests of float32 kernels hold them to the bound below.
"""

import copy

# Two ways to compute a network differ by its condition number times float64's unit roundoff,
# 1.1e-16: by 1e-14 in these tests. A wrong formula moves more than 1e-6. This lies in between.
FORMULA = dict(rtol=0, atol=1e-10)


def gamma(n):
    """Return n u / (1 - n u), u = 2^-24 the unit roundoff of float32.

    A sum of n products, computed in any order, with or without fused multiplication and
    addition, lies within gamma(n) * (sum of the magnitudes of its terms) of the exact one.
    Source: Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, section 3.1.
    """
    return n * 2**-24 / (1 - n * 2**-24)


def assert_is_convolution(found, layer, x):
    """Assert that `found`, float32, is layer(x) of a (transposed) convolution but for rounding.

    The reference is float64's, whose own rounding is 2^29 times smaller.
    """
    exact, magnitudes = copy.deepcopy(layer).double(), copy.deepcopy(layer).double()
    for parameter in magnitudes.parameters():
        parameter.abs_()
    terms = layer.weight.numel() // layer.out_channels + 1  # of an output voxel, at most; the bias
    error = (found - exact(x.double())).abs()
    assert (error <= gamma(terms) * magnitudes(x.abs().double())).all()
