"""Probability distributions: samples, densities, entropies and divergences."""

from __future__ import annotations

import sys as _sys

from dtrain.distributions import kl_cross, kl_same  # they register the divergences
from dtrain.distributions.binary import (
    Bernoulli,
    Binomial,
    ContinuousBernoulli,
    Geometric,
    NegativeBinomial,
)
from dtrain.distributions.categorical import (
    Categorical,
    Multinomial,
    OneHotCategorical,
    OneHotCategoricalStraightThrough,
)
from dtrain.distributions.constraint_registry import biject_to, transform_to
from dtrain.distributions.distribution import Distribution
from dtrain.distributions.exp_family import ExponentialFamily
from dtrain.distributions.gamma_family import (
    Beta,
    Chi2,
    Dirichlet,
    Exponential,
    FisherSnedecor,
    Gamma,
)
from dtrain.distributions.kl import kl_divergence, register_kl
from dtrain.distributions.location_scale import (
    Cauchy,
    Gumbel,
    Laplace,
    Normal,
    StudentT,
    Uniform,
)
from dtrain.distributions.matrix import LKJCholesky, Wishart
from dtrain.distributions.mixture import MixtureSameFamily
from dtrain.distributions.multivariate_normal import (
    LowRankMultivariateNormal,
    MultivariateNormal,
)
from dtrain.distributions.poisson import Poisson
from dtrain.distributions.positive import (
    GeneralizedPareto,
    HalfCauchy,
    HalfNormal,
    InverseGamma,
    Kumaraswamy,
    LogNormal,
    Pareto,
    Weibull,
)
from dtrain.distributions.relaxed import (
    LogisticNormal,
    RelaxedBernoulli,
    RelaxedOneHotCategorical,
)
from dtrain.distributions.transformed import Independent, TransformedDistribution
from dtrain.distributions.transforms import (
    AbsTransform,
    AffineTransform,
    CatTransform,
    ComposeTransform,
    CorrCholeskyTransform,
    CumulativeDistributionTransform,
    ExpTransform,
    IndependentTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    PowerTransform,
    ReshapeTransform,
    SigmoidTransform,
    SoftmaxTransform,
    SoftplusTransform,
    StackTransform,
    StickBreakingTransform,
    TanhTransform,
    Transform,
    identity_transform,
)
from dtrain.distributions.von_mises import VonMises

__all__ = [
    "AbsTransform", "AffineTransform", "Bernoulli", "Beta", "Binomial", "CatTransform",
    "Categorical", "Cauchy", "Chi2", "ComposeTransform", "ContinuousBernoulli",
    "CorrCholeskyTransform", "CumulativeDistributionTransform", "Dirichlet", "Distribution",
    "ExpTransform", "Exponential", "ExponentialFamily", "FisherSnedecor", "Gamma",
    "GeneralizedPareto", "Geometric", "Gumbel", "HalfCauchy", "HalfNormal", "Independent",
    "IndependentTransform", "InverseGamma", "Kumaraswamy", "LKJCholesky", "Laplace", "LogNormal",
    "LogisticNormal", "LowRankMultivariateNormal", "LowerCholeskyTransform", "MixtureSameFamily",
    "Multinomial", "MultivariateNormal", "NegativeBinomial", "Normal", "OneHotCategorical",
    "OneHotCategoricalStraightThrough", "Pareto", "Poisson", "PositiveDefiniteTransform",
    "PowerTransform", "RelaxedBernoulli", "RelaxedOneHotCategorical", "ReshapeTransform",
    "SigmoidTransform", "SoftmaxTransform", "SoftplusTransform", "StackTransform",
    "StickBreakingTransform", "StudentT", "TanhTransform", "Transform", "TransformedDistribution",
    "Uniform", "VonMises", "Weibull", "Wishart", "biject_to", "identity_transform", "kl_cross",
    "kl_divergence", "kl_same", "register_kl", "transform_to",
]  # fmt: skip

# torch has a module for each class: dtrain.distributions.normal is location_scale, and so on.
_TORCH_MODULES = {
    "binary": "bernoulli binomial continuous_bernoulli geometric negative_binomial",
    "categorical": "multinomial one_hot_categorical",
    "gamma_family": "beta chi2 dirichlet exponential fishersnedecor gamma",
    "location_scale": "cauchy gumbel laplace normal studentT uniform",
    "matrix": "lkj_cholesky wishart",
    "mixture": "mixture_same_family",
    "multivariate_normal": "lowrank_multivariate_normal",
    "positive": (
        "generalized_pareto half_cauchy half_normal inverse_gamma kumaraswamy log_normal pareto "
        "weibull"
    ),
    "relaxed": "logistic_normal relaxed_bernoulli relaxed_categorical",
    "transformed": "independent transformed_distribution",
}
for _here, _names in _TORCH_MODULES.items():
    for _name in _names.split():
        globals()[_name] = _sys.modules[f"{__name__}.{_name}"] = _sys.modules[f"{__name__}.{_here}"]
