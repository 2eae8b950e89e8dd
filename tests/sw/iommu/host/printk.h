#pragma once
/* Kept for host_messages(). */
__attribute__((format(printf, 1, 2))) void host_log(const char* fmt, ...);
#define pr_err(fmt, ...) host_log(pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...) host_log(pr_fmt(fmt), ##__VA_ARGS__)
