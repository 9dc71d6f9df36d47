/* SPDX-License-Identifier: MIT */
/* Every kind of data set, one line each, in the order of the help; those by path last: of what a
   user wrote, the first that knows it opens it. */
FV_DATASET(digits)
FV_DATASET(mnist)
FV_DATASET(fashion)
FV_DATASET(cifar10)
FV_DATASET(cifar100)
FV_DATASET(idx_folder)
FV_DATASET(cifar_folder)
FV_DATASET(class_folders)
FV_DATASET(list_file)
FV_DATASET(idx_files)
