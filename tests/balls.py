"""A slow, independent check of certificates in ball arithmetic (python-flint).

It takes from a certificate nothing but where the roots are said to be and what is undecided, and proves from
the sympy equations alone that each of these boxes holds a root, and that the rest of the box holds no other.
"""

import itertools
import math

import flint
import numpy as np
import sympy

_FUNCTIONS = {
    sympy.exp: lambda x: x.exp(), sympy.log: lambda x: x.log(), sympy.tanh: lambda x: x.tanh(),
    sympy.cosh: lambda x: x.cosh(), sympy.sin: lambda x: x.sin(), sympy.cos: lambda x: x.cos(),
    sympy.erf: lambda x: x.erf(),
}  # fmt: skip


def ball(low, high):
    """The ball that holds two floats and what is between them."""
    return flint.arb(low).union(flint.arb(high))


def evaluate(expression, values):
    """A sympy expression over balls by symbol name."""
    if expression.is_Symbol:
        return values[expression.name]
    if expression.is_Rational or expression.is_Float:
        exact = sympy.Rational(expression)
        return flint.arb(int(exact.p)) / flint.arb(int(exact.q))
    if expression == sympy.pi:
        return flint.arb.pi()
    parts = [evaluate(argument, values) for argument in expression.args]
    if expression.is_Add:
        return sum(parts[1:], parts[0])
    if expression.is_Mul:
        return np.prod(np.array(parts, dtype=object))
    if expression.is_Pow:
        exponent = expression.args[1]
        if not exponent.is_Integer:
            return parts[0] ** parts[1]
        power = math.prod(
            [parts[0]] * abs(int(exponent)), start=flint.arb(1)
        )  # a ball around 0 has no powers
        return power if exponent > 0 else 1 / power
    return _FUNCTIONS[expression.func](*parts)


class Checker:
    """Check a certificate of a System that is written in elementary functions.

    Parameters
    ----------
    system : System
        The equations.
    certificate : Certificate
        What is claimed.
    """

    def __init__(self, system, certificate):
        self.certificate = certificate
        self.state = [s.name for s in system.state]
        fixed = {**certificate.inputs, **certificate.parameters}
        self.fixed = {name: flint.arb(value) for name, value in fixed.items()}
        # sympy rounds products of its floats: fractions, before anything is derived
        self.equations = [
            e.xreplace({number: sympy.Rational(number) for number in e.atoms(sympy.Float)})
            for e in system.equations
        ]
        self.slopes = [[e.diff(s) for s in system.state] for e in self.equations]

    def _at(self, expression, box):
        return evaluate(expression, {**self.fixed, **dict(zip(self.state, box))})

    def proves(self, budget=20000):
        """Whether every root is one, each alone in a box, and nothing else is left, undecided boxes apart."""
        before, flint.ctx.prec = flint.ctx.prec, 200
        try:
            return self._proves(budget)
        finally:
            flint.ctx.prec = before

    def _proves(self, budget):
        alone = [self._alone(root) for root in self.certificate.roots]
        if any(box is None for box in alone):
            return False
        if any(_meet(one, two) for one, two in itertools.combinations(self.certificate.roots, 2)):
            return False
        known = [*alone, *self.certificate.undecided]
        waiting = [np.array(self.certificate.box)]
        for _ in range(budget):
            if not waiting:
                return True
            box = waiting.pop()
            if any((box[:, 0] >= k[:, 0]).all() and (box[:, 1] <= k[:, 1]).all() for k in known):
                continue
            if self._excluded(box):
                continue
            axis = int(np.argmax(box[:, 1] - box[:, 0]))
            middle = 0.5 * (box[axis, 0] + box[axis, 1])
            if not box[axis, 0] < middle < box[axis, 1]:
                return False
            for side in range(2):
                half = box.copy()
                half[axis, 1 - side] = middle
                waiting.append(half)
        return False

    def _excluded(self, box):
        balls = [ball(low, high) for low, high in box]
        if any(not self._at(e, balls).contains(0) for e in self.equations):
            return True
        centre = [flint.arb(0.5 * (low + high)) for low, high in box]
        for e, row in zip(self.equations, self.slopes):
            steps = [self._at(d, balls) * (b - c) for d, b, c in zip(row, balls, centre)]
            if not (self._at(e, centre) + sum(steps)).contains(0):
                return True
        return False

    def _alone(self, root):
        """A box around a claimed root in which there is exactly one, None if the claim is wrong."""
        centre = [flint.arb(c) for c in root.mean(axis=1)]
        middle = np.array([[float(self._at(d, centre).mid()) for d in row] for row in self.slopes])
        if abs(np.linalg.det(middle)) < 1e-300:
            return None
        inverse = np.linalg.inv(middle)
        for _ in range(30):  # simplified Newton steps in 200 bits
            value = [self._at(e, centre) for e in self.equations]
            steps = [sum(flint.arb(y) * f for y, f in zip(row, value)) for row in inverse]
            centre = [(c - step).mid() for c, step in zip(centre, steps)]
        tiny = [c + flint.arb(0, 2.0**-80) for c in centre]
        if not self._inside(inverse, centre, tiny):
            return None
        # The root is known to 2^-80; so far from the claimed box it may be and still lie in it.
        if not all((ball(*place) + flint.arb(0, 2.0**-79)).contains(t) for t, place in zip(tiny, root)):
            return None
        for radius in 0.1 * 0.5 ** np.arange(40):
            box = np.array([[float(c.mid()) - radius, float(c.mid()) + radius] for c in centre])
            if self._inside(inverse, centre, [ball(low, high) for low, high in box]):
                return box
        return None

    def _inside(self, inverse, centre, balls):
        """Krawczyk's test."""
        n = len(centre)
        value = [self._at(e, centre) for e in self.equations]
        slopes = [[self._at(d, balls) for d in row] for row in self.slopes]
        for i in range(n):
            image = centre[i] - sum(flint.arb(inverse[i, j]) * value[j] for j in range(n))
            for j in range(n):
                product = sum(flint.arb(inverse[i, k]) * slopes[k][j] for k in range(n))
                image += ((1 if i == j else 0) - product) * (balls[j] - centre[j])
            if not balls[i].contains_interior(image):
                return False
        return True


def _meet(one, two):
    return bool(((one[:, 0] <= two[:, 1]) & (two[:, 0] <= one[:, 1])).all())
