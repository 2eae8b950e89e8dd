// SPDX-License-Identifier: MIT
/* The command "together": lines of the shell that run at the same time. */
#include <completion.h>
#include <delay.h>
#include <err.h>
#include <kernel.h>
#include <kthread.h>
#include <module.h>
#include <shell.h>

#define MAX_LINES	4

struct line {
	const char *text;
	unsigned int delay_us;
	int ret;
	struct task *thread;
	struct completion *start;
	struct completion over;
};

static int run_line(void *data)
{
	struct line *l = data;

	/* All of them exist before the first one does anything. */
	wait_for_completion(l->start);
	if (l->delay_us)
		usleep_range(l->delay_us, l->delay_us);
	l->ret = shell_run(l->text);
	complete(&l->over);
	return 0;
}

/* "@MICROSECONDS " in front of a line: it begins so much later. Moves @text
 * behind it; -EINVAL where that is no number.
 */
static int take_delay(struct line *l)
{
	char number[12];
	size_t n = 0;

	if (*l->text != '@')
		return 0;
	while (l->text[1 + n] && l->text[1 + n] != ' ' &&
	       n < sizeof(number) - 1) {
		number[n] = l->text[1 + n];
		n++;
	}
	number[n] = 0;
	l->text += 1 + n;
	return kstrtouint(number, 10, &l->delay_us);
}

/* Fails when one of them does; "-" in front of a line: whether it fails does not
 * matter.
 */
static int together(int argc, char **argv)
{
	DECLARE_COMPLETION_ONSTACK(start);
	struct line lines[MAX_LINES] = { };
	int i, n, ret = 0;

	if (argc < 2 || argc > MAX_LINES + 1) {
		shell_printf("usage: together LINE...\n");
		return -EINVAL;
	}
	for (n = 0; n < argc - 1; n++) {
		struct line *l = &lines[n];

		l->text = argv[n + 1] + (*argv[n + 1] == '-');
		ret = take_delay(l);
		if (ret)
			break;
		l->start = &start;
		init_completion(&l->over);
		l->thread = kthread_run(run_line, l, "together-%d", n);
		if (IS_ERR(l->thread)) {
			ret = (int)PTR_ERR(l->thread);
			break;
		}
	}
	complete_all(&start);
	for (i = 0; i < n; i++) {
		/* Being asked to stop must not end what it waits for. */
		wait_for_completion(&lines[i].over);
		kthread_stop(lines[i].thread);
		if (lines[i].ret && *argv[i + 1] != '-') {
			shell_printf("together: %s: -%s\n", lines[i].text,
				     errname(lines[i].ret));
			ret = lines[i].ret;
		}
	}
	return ret;
}

static int __init test_together_init(void)
{
	return register_shell_command("together",
				      "[-][@MICROSECONDS ]LINE... - run lines at the same time",
				      together);
}
module_init(test_together_init);

static void __exit test_together_exit(void)
{
	unregister_shell_command("together");
}
module_exit(test_together_exit);

MODULE_DESCRIPTION("Runs commands of the shell side by side");
MODULE_LICENSE("Dual MIT/GPL");
