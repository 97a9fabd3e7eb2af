"""Why tests fail under stochastic rounding where the digits alone do not say it. Each one was looked at."""

import re

EQUALITY = "equality demanded"
BORDER = "decision at a border"
AMPLIFIED = "amplified by the problem"
SIGN = "sign or order"
ITERATIONS = "number of iterations"
ZERO = "sign of zero, underflow"
TWICE = "computed twice"

RULES: tuple[tuple[str, str, str], ...] = (
    # numpy
    (r"test_ufunc_override_with_super", EQUALITY, "two calls of sin are compared with =="),
    (r"TestComplexFunctions::test_loss_of_precision", "tolerance", "6.7e-16 where 4.7e-16 is allowed; the assertion prints no difference"),
    (r"TestHistogramdd::test_simple", EQUALITY, "densities of 1/12 are compared with =="),
    (r"numpy.*TestPolynomial::test_(complex|integ_coeffs)", EQUALITY, "coefficients are compared with =="),
    (r"TestHistogramOptimBinNums", BORDER, "the number of bins is ceil(range / (range / n)): n or n + 1"),
    (r"TestPercentile::test_linear_interpolation", BORDER, "0.4 * 5 is above or below 2, and the next element is taken"),
    (r"TestNanFunctions_Percentile::test_nan_value_with_weight_ndim", BORDER, "20/100 is compared with the percentile 0.2"),
    (r"TestLstsq::test_rcond", BORDER, "a singular value of half an epsilon is counted into the rank or not"),
    (r"TestNorm\w+::test_keepdims", AMPLIFIED, "the smallest singular value of a singular matrix is rounding error"),
    # scipy.integrate
    (r"test_integration_stiff\[Radau\]", ITERATIONS, "the Jacobian is a difference quotient: rounding errors put into the function by hand cost as many calls"),
    (r"scipy.integrate .*test_(num_jac|num_jac_sparse|compute_bc_jac|compute_global_jac)\b", AMPLIFIED, "a difference quotient divides rounding errors by its step"),
    (r"TestTanhSinh::test_basic", AMPLIFIED, "the integrand is singular at pi/2: the root of an epsilon is lost, which the error estimate does not see"),
    (r"TestTanhSinh::test_vectorization", AMPLIFIED, "an error estimate of 1e-16 is a difference of nearly equal sums"),
    (r"TestNSum::test_nondivisible_interval", BORDER, "whether the last term is within the limit, which is moved by units in the last place"),
    (r"TestNSum::test_logser_kurtosis", ZERO, "beta(1e77, 6) rounds up to 5e-324 and is multiplied by 1e308"),
    # scipy.interpolate
    (r"test_interp_from_boundary|test_reproduction_NaN", BORDER, "a point on the edge of a triangle is inside or outside"),
    (r"TestRBFInterpolator\w+::test_singular", BORDER, "a singular matrix is not exactly singular"),
    (r"TestRectSphereBivariateSpline::test_derivatives", AMPLIFIED, "a difference quotient divides rounding errors by its step"),
    (r"scipy.interpolate tests/test_rgi.*(cubic|quintic)", ITERATIONS, "two iterative solutions, each stopped at a residual of 1e-6"),
    (r"make_smoothing_spline", ITERATIONS, "two minima that are found by values: half of the digits"),
    (r"test_splantider_vs_splint", AMPLIFIED, "an integral that is zero: rounding error relative to itself"),
    # scipy.linalg
    (r"TestBatch::test_cossin|test_decomp_cossin", SIGN, "columns and rows are defined up to their signs"),
    (r"TestBatch::test_(schur_lu|two_generic_matrix_inputs)", SIGN, "vectors of a Schur form are defined up to their signs, and its eigenvalues have no order"),
    (r"TestBatch::test_rsf2cs", SIGN, "which of two conjugate eigenvalues comes first"),
    (r"TestEig::test_(bad_geneig|falker|make_eigvals|nd_input)", SIGN, "eigenvalues of the same real part have no order"),
    (r"scipy.linalg .*TestEig::test_singular", AMPLIFIED, "eigenvalues of 1e-6 of a matrix of norm 100"),
    (r"TestEigBanded::test_dgbtrf", BORDER, "two pivots of the same size: 3 and 3"),
    (r"scipy.linalg .*TestPinv::test_atol_rtol", AMPLIFIED, "a residual of rounding errors above its bound: 4.6e-13, where 1.2e-13 is allowed"),
    (r"TestBatch::test_sylvester", AMPLIFIED, "a nearly singular equation: one unit of the last place of the input changes 4e-4"),
    (r"TestBatch::test_are", TWICE, "a + b and b + a round differently, and the matrix is not symmetric"),
    (r"test_(issymetric|ishermitian)_complex_decimals", EQUALITY, "elements that are computed twice differ by 1e-16"),
    (r"TestBlockedQR::test_(geqrt_gemqrt|tpqrt_tpmqrt)", EQUALITY, "arrays of single precision are compared with =="),
    (r"test_lapack.*test_pstf2", BORDER, "whether a matrix of lower rank is found to be so"),
    (r"test_solve_discrete_are\[15", AMPLIFIED, "a solution of 1e12: 0.09 is its last digits"),
    # scipy.sparse.linalg
    (r"test_hermitian_modes\[D2-F", AMPLIFIED, "single precision, with another iteration for each vector"),
    (r"test_svds_parameter_tol", AMPLIFIED, "an error of 3.7e-15, where 2.5e-15 is allowed"),
    (r"test_precond_dummy", ITERATIONS, "two residuals after few iterations of single precision are compared"),
    # scipy.optimize
    (r"test__differential_evolution.*(repeatability|vectorized)", ITERATIONS, "two runs of the same seed take other branches"),
    (r"test__differential_evolution.*test_polish_function", ITERATIONS, "a minimum of 0 is approached to 1e-11 twice"),
    (r"test__dual_annealing.*test_(reproduce|rand_gen|callback\w*)", ITERATIONS, "minima of two runs, both 5e-9 away from 0"),
    (r"test__numdiff|test_approx_fprime|test_differentiable_functions|test_finite_differences?_", AMPLIFIED, "a difference quotient divides rounding errors by its step"),
    (r"test__shgo.*test_18_bounds_class", ITERATIONS, "a minimum is flat: half of the digits"),
    (r"test_bracket\.py", BORDER, "function values that are equal but for their last digits are compared"),
    (r"test_chandrupatla.*test_vectorization", ITERATIONS, "a minimum is flat: half of the digits; a root is found or its neighbour"),
    (r"test_cobyla", ITERATIONS, "the trust region shrinks along another path, and stops by its own tolerance"),
    (r"test_cobyqa.*test_minimize_f_target", EQUALITY, "two minima are compared by <=, and differ in the last digit"),
    (r"test_constraint_conversion|test_slsqp|test_tnc|test_equal_bounds|TestWorkers::test_smoke|test_slsqp_respect_bounds", ITERATIONS, "gradients are difference quotients, and the solver stops elsewhere"),
    (r"test_direct.*test_direct_callback", ITERATIONS, "two runs evaluate the function 369 and 371 times"),
    (r"test_least_squares.*test_workers", ITERATIONS, "two solutions of a problem whose solution is 0"),
    (r"TestLinprogSimplex\w*::test_(cyclic_bland|bug_8174_low_tol)", BORDER, "the test needs a simplex method that cycles or fails by exact ties; perturbed it succeeds"),
    (r"TestLinprogSimplex\w*::", BORDER, "the deprecated simplex method compares pivots with 0 and 1e-9"),
    (r"test_dense_rank_deficient", AMPLIFIED, "a singular system is solved without a bound on singular values: 5e15"),
    (r"test_issue_18882", BORDER, "a constraint is violated by more than 1e-8 or less"),
    (r"TestFSolve::test_reentrant_func", ITERATIONS, "another solution of the same equations: 2, -2, 2, 2, from a start where the Jacobian is singular"),
    (r"TestNfev::test_root_nfev\[(linear|exciting)mixing", ITERATIONS, "diverges without noise, too: there to 1e22, here until a float overflows"),
    (r"TestCurveFit::test_pcov", BORDER, "whether a Jacobian is singular: its covariance is infinite, or 1e6"),
    (r"TestCurveFit::test_curvefit_scalar_sigma", EQUALITY, "two covariances are compared with =="),
    (r"TestCurveFit::test_", AMPLIFIED, "parameters and covariances from a Jacobian by difference quotients"),
    (r"TestLinprogHiGHSIPM::test_crossover", ITERATIONS, "the interior point ends in a vertex, and no step of crossover is needed, or one is"),
    (r"test_nnls_gh21021_ex1", "tolerance", "5.2e-14, where 5e-14 is allowed"),
    (r"test_nonlin.*(test_problem_root|test_krylov)", ITERATIONS, "an approximate Jacobian by difference quotients: not converged within a few iterations"),
    (r"test_bounded_powell_vs_powell|test_neldermead|test_callback_stopiteration|TestNewton::test_newton_combined|Test2opt", ITERATIONS, "comparisons of nearly equal values take another branch"),
    (r"test_ncg_zero_xtol|test_initial_step_scaling", ITERATIONS, "the line search stops at the minimum: differences are rounding errors"),
    (r"test_hessian_update_strategy|test_sparse_hessian", ITERATIONS, "the solver stops elsewhere, by its own tolerance"),
    (r"test_powell_limits", BORDER, "-7e-21 is below the bound 0"),
    (r"test_gh12594", AMPLIFIED, "two minima of 1e-31 are compared relatively"),
    (r"test_for_jac_very_close_to_zero", SIGN, "a solution is defined up to its sign where the gradient is 0"),
    (r"TestBracketMethods::test_aps_collection|TestNewton::test_newton_collections", "tolerance", "roots outside the tolerance are counted; it is of the last digits"),
    (r"test_zero_der_nz_dp", AMPLIFIED, "a double root: half of the digits, and fewer after a difference quotient"),
    (r"test_zeros.*test_gh13407", EQUALITY, "residuals of 5.3e-15 are compared with <"),
    # scipy.spatial
    (r"test_cdist_dtype_equivalence\[dice\]", ZERO, "x - x is -0.0 when the processor rounds down: -inf for inf"),
    (r"test_degenerate_barycentric_transforms", BORDER, "26 simplices are called degenerate, where fewer than 23 are allowed"),
    (r"test_self_dual_polytope_intersection", EQUALITY, "a point is searched for with =="),
    (r"TestHalfspaceIntersection|Test_HalfspaceIntersection::test_halfspace_batch", SIGN, "vertices are sorted by coordinates that differ in the last digits"),
    (r"test_as_euler_symmetric_axes", "tolerance", "a mean error of 1.5e-16, where 1e-16 is allowed"),
    (r"test_align_vectors_array_like", AMPLIFIED, "a residual of rounding errors: 8e-8 where 6e-8 is expected"),
    (r"test_repr_(single_rotation|rotation_sequence)", EQUALITY, "printed numbers are compared: 0. beside -0. and 1.7e-16"),
    # scipy.ndimage
    (r"test_(gauss03|gauss_memory_overlap)", "tolerance", "single precision, which the test does not name"),
    (r"test_generic_filter(1d)?01", BORDER, "a mean is truncated to a whole number"),
    (r"test_(prewitt|sobel)0[234]\[numpy-uint64", BORDER, "2**64 - 1 is no double: it rounds to 2**64 and overflows, or not"),
    (r"TestZoom::test_(zoom1|zoom2|zoom_by_int_order0)", BORDER, "the last coordinate is inside the array or outside, where zeros are"),
)
"""Pattern over package and test -> kind, and reason in a few words."""


def reason_of(test: str) -> tuple[str, str] | None:
    """Kind and reason of the first rule for a test, named as `numpy.lib tests/test_x.py::test_y call`."""
    for pattern, kind, reason in RULES:
        if re.search(pattern, test):
            return kind, reason
    return None
