"""Why tests fail under stochastic rounding where the digits alone do not say it. Each one was looked at."""

import re

REASONS = {
    "tolerance": {
        r"TestComplexFunctions::test_loss_of_precision": "6.7e-16 where 4.7e-16 is allowed; the assertion prints no difference",
        r"test_nnls_gh21021_ex1": "5.2e-14, where 5e-14 is allowed",
        r"TestBracketMethods::test_aps_collection|TestNewton::test_newton_collections": "roots outside the tolerance are counted; it is of the last digits",
        r"test_as_euler_symmetric_axes": "a mean error of 1.5e-16, where 1e-16 is allowed",
        r"test_(gauss03|gauss_memory_overlap)": "single precision, which the test does not name",
    },
    "equality demanded": {
        r"test_ufunc_override_with_super": "two calls of sin are compared with ==",
        r"TestHistogramdd::test_simple": "densities of 1/12 are compared with ==",
        r"numpy.*TestPolynomial::test_(complex|integ_coeffs)": "coefficients are compared with ==",
        r"test_(issymetric|ishermitian)_complex_decimals": "elements that are computed twice differ by 1e-16",
        r"TestBlockedQR::test_(geqrt_gemqrt|tpqrt_tpmqrt)": "arrays of single precision are compared with ==",
        r"test_cobyqa.*test_minimize_f_target": "two minima are compared by <=, and differ in the last digit",
        r"TestCurveFit::test_curvefit_scalar_sigma": "two covariances are compared with ==",
        r"test_zeros.*test_gh13407": "residuals of 5.3e-15 are compared with <",
        r"test_self_dual_polytope_intersection": "a point is searched for with ==",
        r"test_repr_(single_rotation|rotation_sequence)": "printed numbers are compared: 0. beside -0. and 1.7e-16",
    },
    "decision at a border": {
        r"TestHistogramOptimBinNums": "the number of bins is ceil(range / (range / n)): n or n + 1",
        r"TestPercentile::test_linear_interpolation": "0.4 * 5 is above or below 2, and the next element is taken",
        r"TestNanFunctions_Percentile::test_nan_value_with_weight_ndim": "20/100 is compared with the percentile 0.2",
        r"TestLstsq::test_rcond": "a singular value of half an epsilon is counted into the rank or not",
        r"TestNSum::test_nondivisible_interval": "whether the last term is within the limit, which is moved by units in the last place",
        r"test_interp_from_boundary|test_reproduction_NaN": "a point on the edge of a triangle is inside or outside",
        r"TestRBFInterpolator\w+::test_singular": "a singular matrix is not exactly singular",
        r"TestEigBanded::test_dgbtrf": "two pivots of the same size: 3 and 3",
        r"test_lapack.*test_pstf2": "whether a matrix of lower rank is found to be so",
        r"test_bracket\.py": "function values that are equal but for their last digits are compared",
        r"TestLinprogSimplex\w*::test_(cyclic_bland|bug_8174_low_tol)": "the test needs a simplex method that cycles or fails by exact ties; perturbed it succeeds",
        r"TestLinprogSimplex\w*::": "the deprecated simplex method compares pivots with 0 and 1e-9",
        r"test_issue_18882": "a constraint is violated by more than 1e-8 or less",
        r"TestCurveFit::test_pcov": "whether a Jacobian is singular: its covariance is infinite, or 1e6",
        r"test_powell_limits": "-7e-21 is below the bound 0",
        r"test_kernel_pca_precomputed_non_symmetric": "the larger of two elements of the same size is made positive",
        r"test_32_64_decomposition_shape": "whether an eigenvalue is counted as zero",
        r"test_assess_dimension_rank_one": "whether a singular value of a matrix of rank one is below an epsilon",
        r"test_degenerate_barycentric_transforms": "26 simplices are called degenerate, where fewer than 23 are allowed",
        r"test_generic_filter(1d)?01": "a mean is truncated to a whole number",
        r"test_(prewitt|sobel)0[234]\[numpy-uint64": "2**64 - 1 is no double: it rounds to 2**64 and overflows, or not",
        r"TestZoom::test_(zoom1|zoom2|zoom_by_int_order0)": "the last coordinate is inside the array or outside, where zeros are",
    },
    "sign or order": {
        r"TestBatch::test_cossin|test_decomp_cossin": "columns and rows are defined up to their signs",
        r"TestBatch::test_(schur_lu|two_generic_matrix_inputs)": "vectors of a Schur form are defined up to their signs, and its eigenvalues have no order",
        r"TestBatch::test_rsf2cs": "which of two conjugate eigenvalues comes first",
        r"TestEig::test_(bad_geneig|falker|make_eigvals|nd_input)": "eigenvalues of the same real part have no order",
        r"test_for_jac_very_close_to_zero": "a solution is defined up to its sign where the gradient is 0",
        r"TestHalfspaceIntersection|Test_HalfspaceIntersection::test_halfspace_batch": "vertices are sorted by coordinates that differ in the last digits",
    },
    "number of iterations": {
        r"test_integration_stiff\[Radau\]": "the Jacobian is a difference quotient: rounding errors put into the function by hand cost as many calls",
        r"scipy.interpolate tests/test_rgi.*(cubic|quintic)": "two iterative solutions, each stopped at a residual of 1e-6",
        r"make_smoothing_spline": "two minima that are found by values: half of the digits",
        r"test_precond_dummy": "two residuals after few iterations of single precision are compared",
        r"test__differential_evolution.*(repeatability|vectorized)": "two runs of the same seed take other branches",
        r"test__differential_evolution.*test_polish_function": "a minimum of 0 is approached to 1e-11 twice",
        r"test__dual_annealing.*test_(reproduce|rand_gen|callback\w*)": "minima of two runs, both 5e-9 away from 0",
        r"test__shgo.*test_18_bounds_class": "a minimum is flat: half of the digits",
        r"test_chandrupatla.*test_vectorization": "a minimum is flat: half of the digits; a root is found or its neighbour",
        r"test_cobyla": "the trust region shrinks along another path, and stops by its own tolerance",
        r"test_constraint_conversion|test_slsqp|test_tnc|test_equal_bounds|TestWorkers::test_smoke|test_slsqp_respect_bounds": "gradients are difference quotients, and the solver stops elsewhere",
        r"test_direct.*test_direct_callback": "two runs evaluate the function 369 and 371 times",
        r"test_least_squares.*test_workers": "two solutions of a problem whose solution is 0",
        r"TestFSolve::test_reentrant_func": "another solution of the same equations: 2, -2, 2, 2, from a start where the Jacobian is singular",
        r"TestNfev::test_root_nfev\[(linear|exciting)mixing": "diverges without noise, too: there to 1e22, here until a float overflows",
        r"TestLinprogHiGHSIPM::test_crossover": "the interior point ends in a vertex, and no step of crossover is needed, or one is",
        r"test_nonlin.*(test_problem_root|test_krylov)": "an approximate Jacobian by difference quotients: not converged within a few iterations",
        r"test_bounded_powell_vs_powell|test_neldermead|test_callback_stopiteration|TestNewton::test_newton_combined|Test2opt": "comparisons of nearly equal values take another branch",
        r"test_ncg_zero_xtol|test_initial_step_scaling": "the line search stops at the minimum: differences are rounding errors",
        r"test_hessian_update_strategy|test_sparse_hessian": "the solver stops elsewhere, by its own tolerance",
    },
    "sign of zero, underflow": {
        r"TestNSum::test_logser_kurtosis": "beta(1e77, 6) rounds up to 5e-324 and is multiplied by 1e308",
        r"test_cdist_dtype_equivalence\[dice\]": "x - x is -0.0 when the processor rounds down: -inf for inf",
    },
    "computed twice": {
        r"TestBatch::test_are": "a + b and b + a round differently, and the matrix is not symmetric",
    },
    "amplified by the problem": {
        r"TestNorm\w+::test_keepdims": "the smallest singular value of a singular matrix is rounding error",
        r"scipy.integrate .*test_(num_jac|num_jac_sparse|compute_bc_jac|compute_global_jac)\b": "a difference quotient divides rounding errors by its step",
        r"TestTanhSinh::test_basic": "the integrand is singular at pi/2: the root of an epsilon is lost, which the error estimate does not see",
        r"TestTanhSinh::test_vectorization": "an error estimate of 1e-16 is a difference of nearly equal sums",
        r"TestRectSphereBivariateSpline::test_derivatives": "a difference quotient divides rounding errors by its step",
        r"test_splantider_vs_splint": "an integral that is zero: rounding error relative to itself",
        r"scipy.linalg .*TestEig::test_singular": "eigenvalues of 1e-6 of a matrix of norm 100",
        r"scipy.linalg .*TestPinv::test_atol_rtol": "a residual of rounding errors above its bound: 4.6e-13, where 1.2e-13 is allowed",
        r"TestBatch::test_sylvester": "a nearly singular equation: one unit of the last place of the input changes 4e-4",
        r"test_solve_discrete_are\[15": "a solution of 1e12: 0.09 is its last digits",
        r"test_hermitian_modes\[D2-F": "single precision, with another iteration for each vector",
        r"test_svds_parameter_tol": "an error of 3.7e-15, where 2.5e-15 is allowed",
        r"test__numdiff|test_approx_fprime|test_differentiable_functions|test_finite_differences?_": "a difference quotient divides rounding errors by its step",
        r"test_dense_rank_deficient": "a singular system is solved without a bound on singular values: 5e15",
        r"TestCurveFit::test_": "parameters and covariances from a Jacobian by difference quotients",
        r"test_gh12594": "two minima of 1e-31 are compared relatively",
        r"test_zero_der_nz_dp": "a double root: half of the digits, and fewer after a difference quotient",
        r"test_sparse_coder_estimator_clone": "data of single precision, and a dictionary of more vectors than dimensions",
        r"test_align_vectors_array_like": "a residual of rounding errors: 8e-8 where 6e-8 is expected",
    },
}
"""Kind -> pattern over package and test -> reason."""


def reason_of(test: str) -> tuple[str, str] | None:
    """Kind and reason of the first pattern that a test, named as `numpy.lib tests/test_x.py::test_y call`, has."""
    for kind, reasons in REASONS.items():
        for pattern, reason in reasons.items():
            if re.search(pattern, test):
                return kind, reason
    return None
