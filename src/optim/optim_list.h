/* SPDX-License-Identifier: MIT */
/* Every optimiser, one line each, in the order of the help. */
FV_OPTIMIZER(sgd)
FV_OPTIMIZER(adam)
FV_OPTIMIZER(adamw)
FV_OPTIMIZER(adadelta)
FV_OPTIMIZER(adagrad)
FV_OPTIMIZER(rmsprop)
FV_OPTIMIZER(lars)
FV_OPTIMIZER(lms)
FV_OPTIMIZER(perceptron)
