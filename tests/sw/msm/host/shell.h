#pragma once
#define register_shell_command(name, help, fn) ((void)(fn), 0)
#define register_shell_selftest(name, help, fn) ((void)(fn), 0)
#define unregister_shell_command(name) ((void)(name))
#define shell_printf(fmt, ...) host_say(fmt, ##__VA_ARGS__)
