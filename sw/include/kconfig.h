/* SPDX-License-Identifier: MIT */
#ifndef KCONFIG_H
#define KCONFIG_H
#define IS_MODULE(option) 1
#endif
