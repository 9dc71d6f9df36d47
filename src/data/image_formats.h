/* SPDX-License-Identifier: MIT */
/* Every image format that is read, one line each, in the order of the messages. */
FV_IMAGE_FORMAT(png)
FV_IMAGE_FORMAT(jpeg)
FV_IMAGE_FORMAT(bmp)
FV_IMAGE_FORMAT(pnm)
