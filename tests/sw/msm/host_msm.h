// The guest's Adreno driver on a host: a GPU behind its SMMU, and one user of it, for tests of C++.
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

void host_start(void);
int host_probe(void);
void host_remove(void);
/// Aborts unless nothing is left but so many blocks of memory and sets of tables, which are freed now.
void host_end_of_test(unsigned lost_blocks, unsigned lost_tables);

/// Jobs are done when somebody waits; otherwise the GPU stays at the first one. At the start: true.
void host_let_work(bool work);
/// RBBM_STATUS says from now on that it is busy, whatever is done to it.
void host_stay_busy(void);
/// CP_SQE_CNTL.RUN has been written so often.
unsigned host_starts(void);
/// TTBR0 translates, by whatever tables.
bool host_translates(void);
bool host_timer_armed(void);
bool host_queue_exists(void);

/// What others do, once, when the driver waits next and the GPU has nothing to do.
void host_meanwhile(void (*others)(void));
/// The same while the GPU is next waited for to become idle.
void host_in_reset(void (*others)(void));

/// The user: has the GPU, opens a process, submits a job for it. 0 or -errno.
int host_get(void);
void host_put(void);
int host_open(void);
int host_close(void);
int host_submit(void);
/// The first job's status; -EINPROGRESS: it has not ended.
int host_status(void);
/// What the threads that submit and fault do at any moment.
void host_watch(void);
void host_recover(void);

const char* host_messages(void);

#ifdef __cplusplus
}
#endif
