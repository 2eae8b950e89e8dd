/* SPDX-License-Identifier: MIT */
/* The end of a run. */
#ifndef REBOOT_H
#define REBOOT_H

#include <compiler.h>

/**
 * machine_power_off() - End the run.
 * @status: 0: PSCI SYSTEM_OFF; other: semihosting SYS_EXIT_EXTENDED with
 *	this status, or SYSTEM_OFF where nobody answers it
 */
void __noreturn machine_power_off(int status);

#endif
