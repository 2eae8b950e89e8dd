// SPDX-License-Identifier: MIT
/* Shell commands: msm shows each GPU, msmtest tests it. */

#include "msm.h"

#include <module.h>
#include <shell.h>

static LIST_HEAD(gpus);
static DEFINE_MUTEX(gpus_lock);

void msm_shell_add(struct msm_gpu *gpu)
{
	mutex_lock(&gpus_lock);
	list_add_tail(&gpu->node, &gpus);
	mutex_unlock(&gpus_lock);
}

void msm_shell_remove(struct msm_gpu *gpu)
{
	mutex_lock(&gpus_lock);
	list_del(&gpu->node);
	mutex_unlock(&gpus_lock);
}

/**
 * msm_get - find a GPU
 * @name: of its device; NULL: the first
 *
 * Whoever has it may use it, its registers and its memory until msm_put(), and
 * has no process left by then: the driver does not leave the device before. It
 * stops the GPU, though: then jobs end with -ENODEV.
 *
 * Return: the GPU, or NULL.
 */
struct msm_gpu *msm_get(const char *name)
{
	struct msm_gpu *gpu, *found = NULL;

	mutex_lock(&gpus_lock);
	list_for_each_entry(gpu, &gpus, node)
		if (!found && (!name || !strcmp(name, dev_name(gpu->dev))))
			found = gpu;
	if (found)
		kref_get(&found->users);
	mutex_unlock(&gpus_lock);
	return found;
}

static void release(struct kref *kref)
{
	struct msm_gpu *gpu = container_of(kref, struct msm_gpu, users);

	complete(&gpu->unused);
}

/* It may be gone behind this. */
void msm_put(struct msm_gpu *gpu)
{
	kref_put(&gpu->users, release);
}

static void show_processes(struct msm_gpu *gpu)
{
	struct msm_process *p;
	unsigned long flags;

	spin_lock_irqsave(&gpu->lock, flags);
	list_for_each_entry(p, &gpu->processes, node)
		shell_printf("  process %u%s: ASID %u TTBR0 %#llx, %u jobs in the ring, %u faults, heap %u of %u pages\n",
			     p->id, p == gpu->idle ? " (idle)" : "", p->asid,
			     p->cfg.arm_lpae_s1_cfg.ttbr, p->jobs, p->faults,
			     p->grown, p->heap_pages);
	spin_unlock_irqrestore(&gpu->lock, flags);
}

static void show(struct msm_gpu *gpu)
{
	shell_printf("%s: RBBM_STATUS %#x, ring %u of %u, %s%s\n",
		     dev_name(gpu->dev), msm_read(gpu, RBBM_STATUS),
		     msm_read(gpu, CP_RB_RPTR), msm_read(gpu, CP_RB_WPTR),
		     gpu->stalling ? "faults wait" : "faults do not wait",
		     gpu->dead ? ", out of order" : "");
	shell_printf("  %llu jobs, %llu switches, %llu interrupts, %llu accesses failed, %llu faults of the kernel, %llu recoveries\n",
		     gpu->jobs_done, gpu->switches, gpu->interrupts,
		     gpu->access_errors, gpu->kernel_faults, gpu->recoveries);
	show_processes(gpu);
}

static int msm_command(int argc, char **argv)
{
	struct msm_gpu *gpu;
	bool any = false;

	if (argc != 2 || strcmp(argv[1], "status")) {
		shell_printf("usage: msm status\n");
		return -EINVAL;
	}
	mutex_lock(&gpus_lock);
	list_for_each_entry(gpu, &gpus, node) {
		show(gpu);
		any = true;
	}
	mutex_unlock(&gpus_lock);
	if (any)
		return 0;
	shell_printf("msm: no GPU\n");
	return -ENODEV;
}

int msm_shell_init(void)
{
	int ret = register_shell_command("msm",
		"status - registers, counts and processes of each Adreno GPU",
		msm_command);

	if (ret)
		return ret;
	ret = register_shell_selftest("msmtest",
		"[--device NAME] [--seed N] [--test NAME | --all] [--list] - test an Adreno GPU",
		msm_test);
	if (ret)
		unregister_shell_command("msm");
	return ret;
}

void msm_shell_exit(void)
{
	unregister_shell_command("msmtest");
	unregister_shell_command("msm");
}
