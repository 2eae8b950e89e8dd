// The rules that drivers are held against. docs/rules.md has a section for each.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace smmuvp::checker {

/// How a finding counts. `off`: it is not told.
enum class Severity : std::uint8_t { off, note, warn, error };
std::string_view to_string(Severity severity);
/// By its name; nullopt: there is none.
std::optional<Severity> find_severity(std::string_view name);

struct Rule {
  const char* id;     ///< stable: "tlbi.missing"
  Severity severity;  ///< where nobody says otherwise
  const char* title;  ///< what is wrong, in a few words
  const char* clause;
};

#define SMMUVP_CHECKER_RULES(X)                                                                             \
  X(tlbi_missing, "tlbi.missing", error, "a descriptor has changed and no TLB invalidation names it",       \
    "IHI 0070 3.17")                                                                                        \
  X(tlbi_lazy, "tlbi.lazy", note, "a translation is used after it was taken away, before its invalidation", \
    "IHI 0070 3.17")                                                                                        \
  X(tlbi_asid, "tlbi.asid", error, "a TLB invalidation names another ASID", "IHI 0070 4.4.2")               \
  X(tlbi_vmid, "tlbi.vmid", error, "a TLB invalidation names another VMID", "IHI 0070 4.4.2")               \
  X(tlbi_stage, "tlbi.stage", error, "a TLB invalidation is about another stage or regime",                 \
    "IHI 0070 4.4.2, 4.4.3")                                                                                \
  X(tlbi_range, "tlbi.range", error, "a TLB invalidation leaves a part of what has changed out",            \
    "IHI 0070 4.4.1.1")                                                                                     \
  X(tlbi_leaf, "tlbi.leaf", error, "a TLB invalidation of leaves follows the change of a table",            \
    "IHI 0070 4.4.1")                                                                                       \
  X(tlbi_level, "tlbi.level", error, "the level hint of a TLB invalidation is wrong", "IHI 0070 4.4.1.1")   \
  X(cfgi_missing, "cfgi.missing", error, "a structure has changed and no invalidation names it",            \
    "IHI 0070 3.21.3")                                                                                      \
  X(cfgi_stream, "cfgi.stream", error, "a configuration invalidation names another stream", "IHI 0070 4.3") \
  X(cfgi_leaf, "cfgi.leaf", error, "a configuration invalidation of leaves follows the change of a table",  \
    "IHI 0070 4.3")                                                                                         \
  X(sync_missing, "sync.missing", error, "an invalidation is not followed by CMD_SYNC", "IHI 0070 4.7.3")   \
  X(sync_not_awaited, "sync.not-awaited", error, "software goes on before its CMD_SYNC is complete",        \
    "IHI 0070 4.7.3")                                                                                       \
  X(bbm_address, "bbm.address", error, "a live descriptor is given another address", "DDI 0487 D8.17.1")    \
  X(bbm_size, "bbm.size", error, "a live block is made a table, or a table a block", "DDI 0487 D8.17.1")    \
  X(bbm_attributes, "bbm.attributes", error, "a live descriptor is given another memory type",              \
    "DDI 0487 D8.17.1")                                                                                     \
  X(bbm_contiguous, "bbm.contiguous", error, "the Contiguous bit of a live descriptor is changed",          \
    "DDI 0487 D8.17.1")                                                                                     \
  X(contiguous_run, "contiguous.run", error, "descriptors of a Contiguous run do not belong together",      \
    "DDI 0487 D8.7.1")                                                                                      \
  X(asid_reused, "asid.reused", error, "an ASID is used for other tables while what it had may be cached",  \
    "IHI 0070 3.17")                                                                                        \
  X(vmid_reused, "vmid.reused", error, "a VMID is used for other tables while what it had may be cached",   \
    "IHI 0070 3.17")                                                                                        \
  X(structure_live, "structure.live", error, "a valid structure is changed by several stores",              \
    "IHI 0070 3.21.3")                                                                                      \
  X(structure_valid, "structure.valid", warn,                                                               \
    "a structure is made valid before its fields were invalidated", "IHI 0070 3.21.3.1")                    \
  X(structure_reserved, "structure.reserved", warn, "Reserved bits of a structure are set",                 \
    "IHI 0070 5.2, 5.4")                                                                                    \
  X(structure_illegal, "structure.illegal", error, "a structure is ILLEGAL", "IHI 0070 5.2.2, 5.4.2")       \
  X(command_illegal, "command.illegal", error, "a command is not as the architecture has it",               \
    "IHI 0070 4.1.3")                                                                                       \
  X(queue_indexes, "queue.indexes", error, "PROD or CONS of a queue is where it cannot be",                 \
    "IHI 0070 3.5.1")                                                                                       \
  X(queue_memory, "queue.memory", error, "a queue or an MSI lies where there is no memory",                 \
    "IHI 0070 7.1, 7.2.2")                                                                                  \
  X(register_guarded, "register.guarded", error, "a register is written while that has no effect",          \
    "IHI 0070 6.3")                                                                                         \
  X(register_misused, "register.misused", error, "a register is not accessed as the architecture has it",   \
    "IHI 0070 6.3")                                                                                         \
  X(stall_resumed, "stall.resumed", error, "CMD_RESUME names no stalled access", "IHI 0070 4.7.1")          \
  X(enable_caches, "enable.caches", error, "an SMMU is enabled with what its caches held before",           \
    "IHI 0070 3.11; IHI 0062 2.5.2")                                                                        \
  X(enable_events, "enable.events", warn, "an SMMU is enabled while its Event queue is not",                \
    "IHI 0070 3.11")                                                                                        \
  X(enable_ack, "enable.ack", error, "software goes on before CR0ACK shows what it has asked for",          \
    "IHI 0070 6.3.9")                                                                                       \
  X(asid_global, "asid.global", error, "global translations of address spaces that differ overlap",         \
    "DDI 0487 D8.16.3")                                                                                     \
  X(atc_missing, "atc.missing", error, "what a device keeps of a translation is not invalidated",           \
    "IHI 0070 3.9.1")                                                                                       \
  X(atc_order, "atc.order", error, "an ATC is invalidated before the TLB that it is filled from",           \
    "IHI 0070 4.5.1")                                                                                       \
  X(structure_shareability, "structure.shareability", warn, "an STE makes accesses Non-shareable",          \
    "IHI 0070 5.2, STE.SHCFG")                                                                              \
  X(queue_overflow, "queue.overflow", warn, "an overflow that software has seen is not acknowledged",       \
    "IHI 0070 7.4")                                                                                         \
  X(bypass_open, "bypass.open", note, "streams that nobody has set up pass",                                \
    "IHI 0070 3.11; IHI 0062 2.3.6")                                                                        \
  X(smr_overlap, "smr.overlap", error, "two valid SMRs match the same StreamID", "IHI 0062 2.3.7")          \
  X(smr_live, "smr.live", warn, "a valid SMR is changed", "IHI 0062 9.6.25")                                \
  X(bank_live, "bank.live", warn, "a context bank that translates is set up anew", "IHI 0062 5.1")          \
  X(bank_order, "bank.order", warn, "registers of a context bank are written in the wrong order",           \
    "IHI 0062 16.5.40")                                                                                     \
  X(bank_interrupt, "bank.interrupt", warn, "a context bank has no interrupt", "IHI 0062 16.5.29")          \
  X(fsr_kept, "fsr.kept", error, "faults that were read are not cleared", "IHI 0062 16.5.9")                \
  X(fsr_order, "fsr.order", error, "faults are cleared before what is known of them is read",               \
    "IHI 0062 16.5.9")                                                                                      \
  X(enable_unknown, "enable.unknown", error, "what a reset leaves unknown is used", "IHI 0062 9.2, 16.2")   \
  X(end_fsr, "end.fsr", warn, "faults are left recorded", "IHI 0062 16.5.9")                                \
  X(table_reused, "table.reused", error, "a table is written to while it may still be walked",              \
    "IHI 0070 3.17")                                                                                        \
  X(end_cmdq, "end.cmdq", error, "commands are left unconsumed", "IHI 0070 3.5.1")                          \
  X(end_eventq, "end.eventq", warn, "events are left unread", "IHI 0070 7.2")                               \
  X(end_overflow, "end.overflow", error, "an overflow of the Event queue is left unacknowledged",           \
    "IHI 0070 7.4")                                                                                         \
  X(end_gerror, "end.gerror", error, "a global error is left unacknowledged", "IHI 0070 7.5")               \
  X(end_stalls, "end.stalls", error, "stalled accesses are left waiting", "IHI 0070 3.12.2")

enum class RuleId : std::uint8_t {
#define SMMUVP_CHECKER_ID(name, id, severity, title, clause) name,
  SMMUVP_CHECKER_RULES(SMMUVP_CHECKER_ID)
#undef SMMUVP_CHECKER_ID
};

inline constexpr Rule rules[] = {
#define SMMUVP_CHECKER_ROW(name, id, severity, title, clause) {id, Severity::severity, title, clause},
    SMMUVP_CHECKER_RULES(SMMUVP_CHECKER_ROW)
#undef SMMUVP_CHECKER_ROW
};
#undef SMMUVP_CHECKER_RULES

inline const Rule& rule(RuleId id) { return rules[static_cast<std::uint8_t>(id)]; }
/// nullptr: there is none.
const Rule* find_rule(std::string_view id);

}  // namespace smmuvp::checker
