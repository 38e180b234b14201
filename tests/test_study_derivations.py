import numpy as np
import pytest
import sympy as sp

from fer_keras.study.derivations import agree, compare, softmax_by_keras


def test_a_formula_holds_if_it_is_the_same_whatever_its_letters_are():
    x, h = sp.symbols("x h")
    e = sp.Symbol("e", positive=True)
    formulas = {
        "same": ("expanded", (x + 1) ** 2, x**2 + 2 * x + 1),
        "twice": ("twice as much", x, 2 * x),
        "by meaning": ("h for x + 1", h**2, (x + 1) ** 2),
        "positive": ("a root of e", sp.sqrt(e**2), e),
        "nearly": ("off by little", x, x + sp.Rational(1, 10**9)),
    }
    found = compare(formulas, [(h, x + 1)], tries=50)
    assert found["holds"].to_dict() == {
        "same": True, "twice": False, "by meaning": True, "positive": True, "nearly": False
    }  # fmt: skip
    assert found.loc["twice", "error"] == pytest.approx(1) and found.loc["same", "error"] < 1e-12
    assert found.loc["twice", "formula"] == "twice as much"


def test_keras_differentiates_each_term_and_their_sum():
    single, summed = softmax_by_keras(np.zeros((1, 4)), np.array([[0, 1.0, 0, 0]]))
    np.testing.assert_allclose(single, [[0, -3 / 4, 0, 0]], atol=1e-6)
    np.testing.assert_allclose(summed, [[1 / 4, -3 / 4, 1 / 4, 1 / 4]], atol=1e-6)


def test_agreement_is_told_of_the_own_emotion_and_of_others():
    found = agree(np.array([[1.0, 2, 3], [1, 2, 3]]), np.array([[1.0, 0, 0], [1, 2, 0]]), np.eye(3)[:2] == 1)
    assert found.to_dict() == {"own emotion": 1, "other emotions": 0.25, "all": 0.5}
