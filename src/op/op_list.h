/* SPDX-License-Identifier: MIT */
/* Every operator, one line each, in the order of the help. FV_LOSS_OP: a loss. */
#ifndef FV_LOSS_OP
#define FV_LOSS_OP(name) FV_OP(name)
#define FV_LOSS_OP_HERE
#endif
FV_OP(conv)
FV_OP(maxpool)
FV_OP(avgpool)
FV_OP(globalmaxpool)
FV_OP(globalavgpool)
FV_OP(fc)
FV_OP(rbf)
FV_OP(bn)
FV_OP(lrn)
FV_OP(dropout)
FV_OP(relu)
FV_OP(leakyrelu)
FV_OP(elu)
FV_OP(sigmoid)
FV_OP(tanh)
FV_OP(scaledtanh)
FV_OP(maxout)
FV_OP(softmax)
FV_LOSS_OP(crossentropy)
FV_LOSS_OP(squarederror)
FV_LOSS_OP(absoluteerror)
FV_LOSS_OP(smoothl1)
FV_LOSS_OP(binarycrossentropy)
FV_LOSS_OP(hinge)
FV_LOSS_OP(perceptron)
FV_LOSS_OP(rbfloss)
FV_OP(add)
FV_OP(concat)
FV_OP(flatten)
FV_OP(identity)
FV_OP(shortcut)
FV_OP(roipool)
FV_OP(roialign)
FV_OP(boxdecode)
FV_OP(boxencode)
FV_OP(nonmaxsuppression)
#ifdef FV_LOSS_OP_HERE
#undef FV_LOSS_OP
#undef FV_LOSS_OP_HERE
#endif
