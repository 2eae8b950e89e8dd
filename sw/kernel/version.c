// SPDX-License-Identifier: MIT
#include <version.h>

/* No date and no machine: builds are reproducible. */
const char kernel_banner[] = "smmu-vp guest " KERNEL_RELEASE
	" (AArch64, gcc " __VERSION__ ")";
