/* Hands on the host's side of the guest's sources. */
#pragma once
#ifdef __cplusplus
extern "C" {
#endif
/* The n-th allocation from now fails; 0: none. */
extern unsigned host_fail_countdown;
/* Allocations that are not freed. */
extern int host_objects;
#ifdef __cplusplus
}
#endif
