/* SPDX-License-Identifier: MIT */
/* What the guest's sources are told of the configuration on the host. */
#define CONFIG_KTAP 1
#define CONFIG_MODULES 1
#define CONFIG_SHELL_INTERACTIVE 1
