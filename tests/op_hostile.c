/* SPDX-License-Identifier: MIT */
/*
 * op_hostile.c - options and shapes nobody should give: refused with the right sentence, or, when
 * the shape rule accepts them, computed without harm (run this under sanitizers).
 */
#include "op_cases.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* What must be refused, and a part of the sentence. */
static const struct {
    const char *op, *sample, *says;
} refused[] = {
    {"conv", "6 5x5 ; 1x3x4x4", "5x5 kernel does not fit 4x4 input"},
    {"conv", "6 7x7 pad 1 ; 1x3x4x4", "7x7 kernel does not fit 4x4 input padded to 6x6"},
    {"conv", "6 3x3 dilation 4 ; 1x3x8x8", "with dilation 4x4 (9x9 pixels) does not fit 8x8"},
    {"conv", "6 1x5 ; 1x3x9x4", "1x5 kernel does not fit 9x4 input"},
    {"conv", "6 3x3 groups 3 ; 1x64x8x8", "groups 3 does not divide the 64 input channels"},
    {"conv", "7 3x3 groups 2 ; 1x64x8x8", "groups 2 does not divide the 7 filters"},
    {"conv", "6 3x3 ; 1x64", "a vector [64] flows in"},
    {"conv", "6 3x3 ; 1x3x0x8", "dimension of 0"},
    {"conv", "1000000000 1000x1000 pad 999 ; 1x1000000x1000000x1000000", "too large"},
    {"conv", "1000000000 1x1 ; 1x1x1000000x1000000", "too large"},
    {"conv", "1000000000 1000000x1000000 pad 999999 ; 1x100000x1x1", "too large"},
    {"conv", "6 2x3 ; 1x3x8", "write its kernel as 3 or 1x3, not 2x3"},
    {"conv", "6 3 pad 1x0 ; 1x3x8", "without rows above and below"},
    {"conv", "6 5 ; 1x3x4", "1x5 kernel does not fit 1x4 input"},
    {"convtranspose", "6 3 groups 2 ; 1x3x4x4", "groups 2 does not divide the 3 input channels"},
    {"convtranspose", "2 1 pad 2 ; 1x3x4x4", "pads of 4 leave nothing of an output 4 pixels high"},
    {"convtranspose", "2 1 stride 2 pad 0,4,0,4 ; 1x3x4x4", "an output 7 pixels wide"},
    {"convtranspose", "2 3 stride 2 output_pad 2 ; 1x3x4x4", "must be smaller than the stride"},
    {"convtranspose", "2 3 stride 2 output_pad 1 pad same ; 1x3x4x4", "no room for output_pad"},
    {"convtranspose", "2 3 init bilinear ; 1x3x4x4", "as many filters as the 3 channels"},
    {"convtranspose", "2 3 ; 1x64", "a vector [64] flows in"},
    {"convtranspose", "1000000000 1000000 ; 1x1x1000x1000", "too large"},
    {"convtranspose", "1 1 stride 1000000 ; 1x1x10000000000000x1", "too large"},
    {"local", "2 5 ; 1x3x4x4", "5x5 kernel does not fit 4x4 input"},
    {"local", "1000000 1000 pad 999 ; 1x3x100000x100000", "too large"},
    {"tableconv", "16 3 table lenet ; 1x3x4x4", "joins 16 filters to 6 maps, not 16 to 3"},
    {"tableconv", "15 3 table lenet ; 1x6x4x4", "joins 16 filters to 6 maps, not 15 to 6"},
    {"tableconv", "2 3 masks 8 ; 1x3x4x4", "of 3 maps all together are 7"},
    {"tableconv", "2 3 masks 1,0 ; 1x3x4x4", "a filter that reads no map"},
    {"tableconv", "2 3 masks 1,2,3 ; 1x3x4x4", "masks are given for 3 filters, but there are 2"},
    {"tableconv", "2 3 masks 1 table full ; 1x3x4x4", "table full and masks are both given"},
    {"tableconv", "1000000000 1 table full ; 1x10000000000x1x1", "too"},
    {"maxpool", "3 ; 1x3x2x2", "3x3 kernel does not fit 2x2 input"},
    {"maxpool", "3 pad 3 ; 1x3x9x9", "pad 3 must be smaller than the window"},
    {"maxpool", "2 dilation 5 pad 2 ; 1x1x4x4", "steps over the whole input"},
    {"maxpool", "2 ; 1x1x65536x65536", "at most 2,147,483,647 pixels"},
    {"maxpool", "2 ; 4x10", "a vector [10] flows in"},
    {"avgpool", "2x3 pad 0,3 ; 1x3x9x9", "pad"},
    {"avgpool", "2x3 pad 0,0,0,3 ; 1x3x9x9", "must be smaller than the window"},
    {"avgpool", "8 ; 1x3x7x7", "8x8 kernel does not fit 7x7 input"},
    {"globalmaxpool", "; 1x1x65536x65536", "at most 2,147,483,647 pixels"},
    {"globalmaxpool", "; 3x4", "a vector [4] flows in"},
    {"globalavgpool", "; 3x4", "a vector [4] flows in"},
    {"minpool", "3 ; 1x3x2x2", "3x3 kernel does not fit 2x2 input"},
    {"minpool", "2 ; 4x10", "minpool reads maps with height and width, but a vector [10]"},
    {"minpool", "3 stride 1 pad 0x3 ; 1x2x9", "must be smaller than the window"},
    {"minpool", "10 ; 1x2x9", "1x10 kernel does not fit 1x9 input"},
    {"maxpool", "2x3 ; 1x2x9", "write its kernel as 3 or 1x3, not 2x3"},
    {"avgpool", "3 pad 1x0 ; 1x2x9", "without rows above and below"},
    {"maxunpool", "2x3 ; 1x2x9, below 9 1x2x9", "write its kernel as 3 or 1x3, not 2x3"},
    {"split", "sizes 1,1 ; 2x3", "must add up"},
    {"lppool", "3 ; 1x3x2x2", "3x3 kernel does not fit 2x2 input"},
    {"globallppool", "; 4", "a vector"},
    {"maxpoolindices", "2 ; 1x1x65536x65536", "at most 2,147,483,647 pixels"},
    {"maxunpool", "2 ; 1x2x3x3, below 9 1x2x3x4", "an index for every value, but 1x2x3x3 values"},
    {"maxunpool", "2 ; 1x2x3x3, 1x2x3x3", "does not take float32 values as input 2"},
    {"maxunpool", "2 pad 9 ; 1x2x3x3, below 9 1x2x3x3", "leave nothing of maxunpool's output"},
    {"maxunpool", "2 ; 4x9, below 9 4x9", "maxunpool reads maps with height and width"},
    {"maxunpool", "1000000 ; 1x1x9x9, below 9 1x1x9x9", "at most 2,147,483,647 pixels"},
    {"subsample", "; 4x10", "a vector [10] flows in"},
    {"subsample", "8 ; 1x3x7x7", "8x8 kernel does not fit 7x7 input"},
    {"adaptiveavgpool", "3 ; 4x10", "a vector [10] flows in"},
    {"adaptiveavgpool", "1000000 ; 4x1000000x1x1", "too large"},
    {"adaptivemaxpool", "3 ; 4x9", "adaptivemaxpool reads maps with height and width"},
    {"adaptivemaxpool", "2 ; 1x1x65536x65536", "at most 2,147,483,647 pixels"},
    {"fc", "1000000000 ; 1x100000x1000x1000", "too large"},
    {"fc", "10 ; 8", "not single numbers"},
    {"bn", "; 8", "not single numbers"},
    {"instancenorm", "; 4x8", "normalises the map of every channel, but [8] flows in"},
    {"groupnorm", "3 ; 1x8x2x2", "groups 3 does not divide the 8 channels"},
    {"groupnorm", "1 ; 8", "not single numbers"},
    {"layernorm", "axis 0 ; 3x4", "the first dimension is the batch"},
    {"layernorm", "axis -2 ; 3x4", "the first dimension is the batch"},
    {"layernorm", "axis 2 ; 3x4", "between -2 and 1 where 2 dimensions come in, not 2"},
    {"l2norm", "axis 0 ; 3x4", "the first dimension is the batch"},
    {"l2norm", "axis -3 ; 3x4", "between -2 and 1 where 2 dimensions come in, not -3"},
    {"meanvariance", "; 2x3x4x4", "the first dimension is the batch"},
    {"meanvariance", "2,3 ; 2x3x4", "between -3 and 2 where 3 dimensions come in, not 3"},
    {"meanvariance", "1,2,-1 ; 2x3x4", "has axis -1 twice"},
    {"lrn", "region within ; 1x8", "lrn within a channel reads maps"},
    {"lrn", "4 ; 1x8x2x2", "must be an odd number of channels"},
    {"lrn", "; 8", "not single numbers"},
    {"maxout", "3 ; 1x8x2x2", "cannot split 8 channels into groups of 3"},
    {"maxout", "; 8", "not single numbers"},
    {"prelu", "channels ; 8", "not single numbers; take `slopes one`"},
    {"softmax", "; 8", "not single numbers"},
    {"softmax", "axis 0 ; 2x8", "softmax along axis 0: the first dimension is the batch"},
    {"softmax", "axis -3 ; 2x8x4", "the batch, whose samples do not see each other"},
    {"softmax", "axis 4 ; 2x8x3x3", "the input's axes are 0 to 3, or -4 to -1 from the end"},
    {"softmax", "; constant 8", "the input's axes are 0 to 0, or -1 to -1 from the end"},
    {"logsoftmax", "; 8", "logsoftmax reads a map or a vector"},
    {"logsoftmax", "axis -4 ; 2x8x4", "logsoftmax along axis -4"},
    {"hardmax", "axis 3 ; 2x8x4", "hardmax along axis 3"},
    {"crossentropy", "; 8", "one number per class"},
    {"crossentropy", "weights 1,2 ; 4x3", "has weights for 2 classes, and 3 come in"},
    {"hinge", "; 4x5x2x2", "one number per class"},
    {"rbf", "4 ; 8", "not single numbers"},
    {"rbf", "10 prototypes digits ; 2x80", "are 10 units over 84 inputs, not 10 over 80"},
    {"roipool", "2 ; 2x3x4x4, 1x5x4", "for each of the 2 samples, not 1x5x4"},
    {"roipool", "2 ; 3x4, 3x5x4", "a vector [4] flows in"},
    {"roialign", "2 ; 2x3x4x4, 2x5x3", "R regions of 4 numbers"},
    {"roialign", "2 ; 2x3x4x4, 2x4, below 2 2", "the first dimension is the batch"},
    {"roialign", "2 ; constant 2x3x4x4, constant 2x4, constant 2", "needs whole numbers"},
    {"roialign", "2 ; constant 2x3x4x4, constant 2x4, constant below 2 3", "not 2x4 and 3"},
    {"roialign", "2 ; 2x3x4x4, below 2 2x5x4", "regions of real numbers, not int32"},
    {"boxdecode", "; 2x3x4, 2x4", "an anchor of 4 numbers for each of the 3 boxes"},
    {"boxdecode", "variances 1,2 ; 2x3x4, 2x3x4", "variances are 4 numbers"},
    {"boxdecode", "clip 0x3 ; 2x3x4, 2x3x4", "height x width"},
    {"boxencode", "; 2x3x5, 2x3x5", "boxes of 4 numbers"},
    {"nonmaxsuppression", "5 ; 2x3x4, 2x2x4", "boxes [N,B,4] and their scores [N,C,B]"},
    {"nonmaxsuppression", "1000000000 ; 2000000000x1x4, 2000000000x1x1", "too large"},
    {"squarederror", "; 4x5x2x2", "one number per class"},
    {"add", "; 1x3x4x4, 1x3x4x5", "branch 1 gives [4x4x3] and branch 2 gives [4x5x3]"},
    {"add", "; 1x3x4x4, 1x3x4x4, 1x48", "branch 3 gives [48]"},
    {"concat", "; 1x3x4x4, 1x9x2x4", "branch 1 gives [4x4x3] and branch 2 gives [2x4x9]"},
    {"concat", "; 8, 8", "not single numbers"},
    {"shortcut", "2 ; 1x3x4x4", "3 come in, so it cannot give 2"},
    {"shortcut", "8 2 ; 1x3", "a vector [3] flows in"},
    {"rnn", "4 ; 3x5", "reads sequences, batch x steps x numbers, but a value of 2 dimensions"},
    {"lstm", "4 layout time ; 3x5x2",
     "the first dimension is the batch, so that it cannot be time"},
    {"gru", "4 ; 3x5x2, below 5 4", "the lengths must be 3, batch included, not 4"},
    {"rnn", "4 ; 3x5x2, 3x4", "the state at the start must be 3x1x4, batch included, not 3x4"},
    {"lstm", "4 direction both ; 3x5x2, 3x2x4, 3x1x4", "the cell at the start must be 3x2x4"},
    {"gru", "4 ; 3x5x2, 3x1x4, 3x1x4", "then the state at its start; these are 3 inputs"},
    {"lstm", "4 ; 3x5x2, 3x1x4, below 5 3", "as input 2 alone, not as input 3"},
    {"lstm", "1000000 ; 3x5x1000000000000",
     "weight of 1x4000000x1000000000000 numbers is too large"},
    {"relu", "; 1000000x1000000x1000000x1000000", "too large"},
    {"flatten", "; 2x0x3", "dimension of 0"},
    {"flatten", "2 ; 2x3x4", "its axis must be 1, not 2"},
    {"flatten", "3 ; constant 2x3", "between -2 and 2 here, not 3"},
    {"reshape", "2,12 ; 2x3x4", "write 0 for it, not 2"},
    {"reshape", "0,-1,-1 ; 2x3x4", "only one may be -1"},
    {"reshape", "0,5,-1 ; 2x3x4", "cannot make 0x5x-1 of 2x3x4"},
    {"reshape", "0,3,5 ; 2x3x4", "number of elements must stay"},
    {"reshape", "0,3,0,0 ; 2x12", "is not there"},
    {"reshape", "1,1,1,1,1,1,1,1,1 ; constant 2x1", "1 to 8 dimensions, not 9"},
    {"squeeze", "1 ; 2x3x1", "dimension 1 is 3"},
    {"squeeze", "0 ; 1x3x1", "cannot leave out the first dimension"},
    {"squeeze", "2,-1 ; 1x3x1", "given twice"},
    {"squeeze", "5 ; 1x3x1", "axis 5 does not exist"},
    {"unsqueeze", "0 ; 2x3", "cannot stand before the first dimension"},
    {"unsqueeze", "1,2,3 ; 1x1x1x1x1x1", "at most 8 dimensions, not 9"},
    {"transpose", "1,0,2 ; 2x3x4", "cannot move the first dimension"},
    {"transpose", "; 2x3x4", "cannot move the first dimension"},
    {"transpose", "0,1 ; 2x3x4", "must name all 3 dimensions"},
    {"transpose", "0,1,1 ; 2x3x4", "given twice"},
    {"slice", "0 1 0 ; 2x3x4", "cannot cut the first dimension"},
    {"slice", "0 1,2 1 ; 2x3x4", "1 starts, 2 ends, 1 axes and 0 steps"},
    {"slice", "2 1 1 ; 2x3x4", "leaves nothing of dimension 1, which is 3"},
    {"slice", "0 3 1 steps 0 ; 2x3x4", "no steps of 0"},
    {"split", "4 ; 2x3x4", "part 4 would be 0 of the 0"},
    {"split", "sizes 1,1 ; 2x3x4", "1 are left over"},
    {"split", "; 2x3x4", "needs the number of parts"},
    {"split", "2 sizes 1,2 ; 2x3x4", "needs the number of parts"},
    {"split", "2 axis 0 ; 2x3x4", "cannot cut the first dimension"},
    {"concat", "axis 0 ; 2x3, 2x3", "cannot join along the first dimension"},
    {"concat", "axis 2 ; 2x3x2, 2x4x2", "differ in dimension 2 only, but branch 1 gives 2x3x2"},
    {"concat", "; 2x3, below 4 2x3", "branch 1 gives float32 and branch 2 gives int32"},
    {"crop", "4x2 ; 1x1x3x3", "cannot take 4x2 out of 3x3"},
    {"crop", "2 top 2 ; 1x1x3x3", "from row 2 and column 0 on"},
    {"tile", "2,1 ; 2x3", "cannot repeat the first dimension"},
    {"tile", "1,2 ; 2x3x4", "each of the 3 dimensions"},
    {"tile", "1,1000000000,1000000000,1000000000 ; 1x9x9x9", "too large"},
    {"expand", "4,3,4 ; 2x3x4", "write 1 for it"},
    {"expand", "2,4 ; 2x3x4", "2x3x4 cannot become 2x4"},
    {"depthtospace", "2 ; 1x6x2x2", "is no multiple of 2 squared"},
    {"spacetodepth", "2 ; 1x2x3x4", "a map of 3x4 into blocks of 2x2"},
    {"pad", "1,0,0,0 ; 2x3", "cannot pad the first dimension"},
    {"pad", "1,1 ; 2x3", "needs 4 numbers here"},
    {"pad", "3,0 axes 1 mode reflect ; 2x3", "a border is at most 2 where dimension 1 is 3, not 3"},
    {"pad", "-1,-2 axes 1 ; 2x3", "cuts off all of dimension 1"},
    {"gather", "3 axis 1 ; 2x3", "cannot take place 3 of dimension 1, which has 3"},
    {"gather", "axis 1 ; 2x3", "needs indices"},
    {"gather", "0 ; 2x3", "cannot gather from the first dimension"},
    {"gather", "axis 1 ; 2x3, below 3 2x2", "gatherelements takes other ones"},
    {"gather", "axis 1 ; constant 4x3, below 3 2x2", "along dimension 0 of a constant, not 1"},
    {"gatherelements", "; 2x3, below 3 2x3x1", "2x3x1 do not fit 2x3"},
    {"gatherelements", "0 ; 2x3, below 2 2x3", "cannot gather from the first dimension"},
    {"embedding", "2 1000000000 ; below 2 1000000000x100000", "too large"},
    {"embedding", "4 2 ; 2x3", "does not compute with float32"},
    {"resize", "; 1x1x2x2", "resize needs the size of the output or else a scale"},
    {"resize", "4 scale 2 ; 1x1x2x2", "resize needs the size of the output or else a scale"},
    {"resize", "0x4 ; 1x1x2x2", "a height of 2 would become 0"},
    {"resize", "scale 0.3 ; 1x1x2x2", "a height of 2 would become 0"},
    {"resize", "4 mode bilinear ; below 3 1x1x2x2", "cannot take means of int32 values"},
    {"resize", "4 ; 1x4", "a vector [4] flows in"},
    {"upsample", "1000000 ; 1x1x1x10000", "it must be between 1 and 1000000000"},
    {"upsample", "; 2x4", "upsample reads maps"},
    {"gridsample", "; 2x1x3x3, 1x2x2x2", "2xHxWx2, an x and a y for every pixel, and not 1x2x2x2"},
    {"gridsample", "; 2x1x3x3, 2x2x2", "and not 2x2x2"},
    {"affinegrid", "3 ; 2x4", "reads six numbers"},
    {"sub", "; 2x3x4, 2x3x5", "counted from the end, dimensions must be equal, or 1"},
    {"sum", "; 2x3x4, constant 4, 2x1x3", "sum cannot join 2x3x4 and 2x1x3 of input 3"},
    {"mul", "; 2x3, constant 2x3", "reshape it to begin with 1, or to fewer dimensions"},
    {"mul", "; 2x3, 2x4x3", "reshape it to as many dimensions"},
    {"div", "; constant 4x3, 3", "the first dimension is the batch"},
    {"max", "; 2x3, below 4 2x3", "input 1 is float32 and input 2 is int32; cast makes one"},
    {"less", "; below 4 2x3, 2x3", "less needs values of one type"},
    {"where", "; bool 2x3, 2x3, below 4 2x3", "input 2 is float32 and input 3 is int32"},
    {"and", "; bool 2x3, 2x3", "and does not take float32 values as input 2"},
    {"reducesum", "; 2x3", "the first one is the batch; name the axes"},
    {"reducemax", "0,1 ; 2x3", "cannot go over the first dimension, which is the batch"},
    {"reducemean", "1,-1 ; 2x3", "given twice"},
    {"reducel2", "2 ; 2x3", "axis 2 does not exist"},
    {"reduceprod", "1 ; below 3 2x3", "reduceprod does not compute with int32 values"},
    {"argmax", "0 ; 2x3", "cannot go over the first dimension"},
    {"cumsum", "0 ; 2x3", "cannot add up along the first dimension"},
    {"matmul", "; 2x3, constant 4x5", "rows of 3 numbers do not fit columns of 4"},
    {"matmul", "; constant 4x2, 2x3", "would add up over it, or move it"},
    {"matmul", "; 2x3, 2x3", "the first dimension is the batch"},
    {"matmul", "; 2x3, constant 5x3x4", "the first dimension is the batch"},
    {"matmul", "; 2x3x4x5, 2x2x5x4", "the dimensions before the matrices must be equal"},
    {"gemm", "transa ; 2x3, constant 2x4", "it can only be the rows of A"},
    {"gemm", "; 2x3, constant 4x5", "rows of 3 numbers do not fit columns of 4"},
    {"gemm", "; 2x3, constant 3x5, constant 2x5", "a constant C must have one row, not 2"},
    {"gemm", "; 2x3, constant 3x5, constant 4", "cannot add C of 4 to a product of 2x5"},
    {"gemm", "; 2x3x4, constant 4x5", "matmul takes more"},
    {"dims", "start 2 ; 2x3", "none lies between start and end"},
    {"size", "; 1x65536x65536", "size counts up to 2,147,483,647"},
};

static void check_refused(op_tally *t) {
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const fv_op *op = fv__op_find(refused[i].op);
        const char *sample = refused[i].sample;
        if (!op_check(t, op != NULL, "no operator %s", refused[i].op)) continue;
        op_problem p;
        fv_status status = op_read_sample(&p, op, sample);
        if (status == FV_OK) status = fv__op_shape(&p.ctx, op, &p.site);
        op_check(t, status == FV_BAD_INPUT, "%s '%s' is accepted", op->name, sample);
        /* where addresses have 32 bits, some of these are too large in the first place */
        bool narrow = sizeof(size_t) < 8 && strstr(p.ctx.message, "too large") != NULL;
        op_check(t, narrow || strstr(p.ctx.message, refused[i].says) != NULL, "%s '%s' says: %s",
                 op->name, sample, p.ctx.message);
        op_release(&p);
    }
}

/* The target of a loss must be of the shape that the loss asks for. */
static void check_targets(op_tally *t) {
    for (int i = 0; fv__losses[i] != NULL; i++)
        for (const char *const *sample = fv__losses[i]->samples; *sample != NULL; sample++) {
            op_problem p;
            if (op_check(t, op_read_sample(&p, fv__losses[i], *sample) == FV_OK, "reading")) {
                p.in[1].dim[0]++;
                op_check(t,
                         fv__op_shape(&p.ctx, p.op, &p.site) == FV_BAD_INPUT &&
                             (strstr(p.ctx.message, "one label per ") != NULL ||
                              strstr(p.ctx.message, "they must agree") != NULL),
                         "%s '%s' with a target too many: %s", p.op->name, *sample, p.ctx.message);
            }
            op_release(&p);
        }
}

/* Every type of value as every input: what an operator has no loops for is refused by name, never
   read as float; what it takes is not refused for its type. */
static void check_type(op_tally *t, const fv_op *op, const char *sample, int input,
                       fv_dtype dtype) {
    op_problem p;
    fv_status status = op_read_sample(&p, op, sample);
    if (op_check(t, status == FV_OK, "%s", p.ctx.message)) {
        const fv_dtype usual = p.in_type[input].dtype;
        const bool real = dtype == FV_F32 || dtype == FV_F64;
        const unsigned declared = input == 0 ? op->takes_first : op->takes_others;
        const bool takes = declared ? (declared & FV_TAKES(dtype)) != 0 : real;
        p.in_type[input].dtype = dtype;
        status = fv__op_shape(&p.ctx, op, &p.site);
        if (!takes)
            op_check(t,
                     status == FV_BAD_INPUT &&
                         strstr(p.ctx.message, fv__dtype_name(dtype)) != NULL &&
                         strstr(p.ctx.message, op->name) != NULL,
                     "%s takes %s values as input %d: %s", op->name, fv__dtype_name(dtype),
                     input + 1, p.ctx.message);
        else if (dtype == usual)
            op_check(t, status == FV_OK, "%s: %s", op->name, p.ctx.message);
    }
    op_release(&p);
}

/* A constant beside values of the batch is refused, or where the operator says that it mixes them
   taken, or refused for a reason of its own. Constants alone give a constant. */
static void check_constants(op_tally *t, const fv_op *op, const char *sample, int input) {
    op_problem p;
    fv_status status = op_read_sample(&p, op, sample);
    if (op_check(t, status == FV_OK, "%s", p.ctx.message) && p.site.inputs > 1) {
        p.in_type[input].batched = !p.in_type[input].batched;
        status = fv__op_shape(&p.ctx, op, &p.site);
        op_check(t,
                 op->traits & FV_MIXES
                     ? status == FV_OK || (status == FV_BAD_INPUT && strlen(p.ctx.message) > 10)
                     : status == FV_BAD_INPUT && strstr(p.ctx.message, "with a constant") != NULL,
                 "%s '%s' with input %d a constant: %s", op->name, sample, input + 1,
                 p.ctx.message);
    }
    for (int i = 0; i < p.site.inputs; i++) p.in_type[i].batched = false;
    status = fv__op_shape(&p.ctx, op, &p.site);
    op_check(t, status == FV_OK && !p.out_type[0].batched, "%s '%s' of constants: %s", op->name,
             sample, p.ctx.message);
    op_release(&p);
}

static void check_types(op_tally *t) {
    const fv_op *op;
    for (int i = 0; (op = op_number_of(i)) != NULL; i++)
        for (const char *const *sample = op->samples; *sample != NULL; sample++) {
            op_problem p;
            fv_status status = op_read_sample(&p, op, *sample);
            const int inputs =
                op_check(t, status == FV_OK, "%s", p.ctx.message) ? p.site.inputs : 0;
            op_release(&p);
            for (int k = 0; k < inputs; k++) {
                for (int dtype = 0; dtype < FV_DTYPES; dtype++)
                    check_type(t, op, *sample, k, (fv_dtype)dtype);
                check_constants(t, op, *sample, k);
            }
        }
}

#define SMALL 4000 /* elements of a problem that is worth running */

static bool countable(const fv_shape *s) {
    return fv__shape_count(s) >= 1;
}
static bool small(const fv_shape *s) {
    return fv__shape_count(s) <= SMALL;
}

/* Asks the shape rule; what it accepts must have sizes, and runs when it is small. */
static void try(op_tally *t, op_problem *p, const char *what) {
    fv_site *s = &p->site;
    p->ctx.message[0] = '\0';
    fv_status status = fv__op_shape(&p->ctx, p->op, s);
    if (status != FV_OK) {
        op_check(t, status == FV_BAD_INPUT && strlen(p->ctx.message) > 10, "%s, %s: no sentence",
                 p->op->name, what);
        return;
    }
    bool all_small = true;
    for (int o = 0; o < s->outputs; o++) {
        op_check(t, s->out[o].rank >= 1 && countable(&s->out[o]), "%s, %s: no output", p->op->name,
                 what);
        all_small = all_small && small(&s->out[o]);
    }
    for (int i = 0; i < s->inputs; i++) all_small = all_small && small(&s->in[i]);
    for (int i = 0; i < s->params; i++) {
        op_check(t, countable(&s->param[i].shape), "%s, %s: no parameters", p->op->name, what);
        all_small = all_small && small(&s->param[i].shape);
    }
    fv_cost cost = {0};
    if (p->op->cost != NULL) p->op->cost(s, &cost);
    op_check(t, cost.macs >= 0 && strlen(cost.product) < sizeof cost.product, "%s, %s: cost",
             p->op->name, what);
    if (!all_small) return;
    if (op_check(t, op_build(p, FV_F32, 0) == FV_OK, "%s, %s: %s", p->op->name, what,
                 p->ctx.message)) {
        op_forward(p);
        if (p->op->backward[0]) op_backward(p);
    }
}

/* Puts the k-th hostile value into a field, past the field's own limits; false: no more. */
static bool spoil(const fv_field *f, void *options, int k) {
    static const int64_t whole[] = {0, -1, 2, 1 << 20, INT64_MAX, INT64_MIN, (int64_t)1 << 40};
    static const double real[] = {0, -1, 1, 1e300, -1e-300, (double)INFINITY, (double)NAN};
    const int count = (int)(sizeof whole / sizeof *whole);
    void *at = (char *)options + f->offset;
    if (k >= 2 * count) return false;
    int64_t v = whole[k % count], other = k < count ? v : 1;
    switch (f->kind) {
    case FV_INT:
        *(int64_t *)at = v;
        return k < count;
    case FV_REAL:
        *(double *)at = real[k % count];
        return k < count;
    case FV_SIZE:
        *(fv_size *)at = (fv_size){v, other};
        return true;
    case FV_PAD:
        *(fv_pad *)at = (fv_pad){FV_PAD_SIDES, other, v, v, other};
        return true;
    default:
        return false;
    }
}

static void check_spoiled(op_tally *t) {
    for (int i = 0; fv__ops[i] != NULL; i++)
        for (const fv_field *f = fv__ops[i]->fields; f != NULL && f->name != NULL; f++) {
            bool more = true;
            for (int k = 0; more; k++) {
                op_problem p;
                char what[64];
                (void)snprintf(what, sizeof what, "%s, hostile value %d", f->name, k);
                fv_status status = op_read_sample(&p, fv__ops[i], fv__ops[i]->samples[0]);
                if (op_check(t, status == FV_OK, "%s", p.ctx.message)) {
                    more = spoil(f, p.options.bytes, k);
                    if (more) try(t, &p, what);
                }
                op_release(&p);
            }
        }
}

/* The samples' shapes with one dimension, or the rank, made hostile. */
static void check_shapes(op_tally *t) {
    static const int64_t sizes[] = {0, -1, 1, INT64_MAX, INT64_MIN, (int64_t)1 << 31};
    for (int i = 0; fv__ops[i] != NULL; i++)
        for (int k = 0; k < 6 * FV_RANK_MAX + FV_RANK_MAX + 2; k++) {
            op_problem p;
            char what[64];
            (void)snprintf(what, sizeof what, "hostile shape %d", k);
            fv_status status = op_read_sample(&p, fv__ops[i], fv__ops[i]->samples[0]);
            if (op_check(t, status == FV_OK, "%s", p.ctx.message)) {
                if (k < 6 * FV_RANK_MAX)
                    p.in[0].dim[k / 6] = sizes[k % 6];
                else
                    p.in[0].rank = k - 6 * FV_RANK_MAX;
                try(t, &p, what);
            }
            op_release(&p);
        }
}

void op_cases_hostile(op_tally *t) {
    check_refused(t);
    check_targets(t);
    check_types(t);
    check_spoiled(t);
    check_shapes(t);
}
