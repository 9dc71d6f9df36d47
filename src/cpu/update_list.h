/* SPDX-License-Identifier: MIT */
/* Optimisers with a fast loop on the CPU, one line each; the others run by their own. */
FV_UPDATE(sgd)
FV_UPDATE(adam)
FV_UPDATE(adamw)
FV_UPDATE(adadelta)
FV_UPDATE(adagrad)
FV_UPDATE(rmsprop)
FV_UPDATE(lars)
