// Fields of the Performance Monitors Extension (IHI 0062 12.2).
#pragma once

#include "smmuvp/smmuv2/field_values.h"

namespace smmuvp::smmuv2 {

inline constexpr Field PMCFGR_N{"N", 7, 0, "IHI 0062 12.2.4", "counters, less 1"};
inline constexpr Field PMCFGR_SIZE{"SIZE", 13, 8, "IHI 0062 12.2.4", "31: of 32 bits"};
inline constexpr Field PMCFGR_CC{"CC", 14, 14, "IHI 0062 12.2.4", "a dedicated cycle counter"};
inline constexpr Field PMCFGR_CCD{"CCD", 15, 15, "IHI 0062 12.2.4", "with a pre-scale"};
inline constexpr Field PMCFGR_EX{"EX", 16, 16, "IHI 0062 12.2.4", "event export"};
inline constexpr Field PMCFGR_UEN{"UEN", 19, 19, "IHI 0062 12.2.4", "unprivileged access"};
inline constexpr Field PMCFGR_NCG{"NCG", 31, 24, "IHI 0062 12.2.4", "counter groups, less 1"};
inline constexpr const Field* PMCFGR_fields[] = {&PMCFGR_N,  &PMCFGR_SIZE, &PMCFGR_CC, &PMCFGR_CCD,
                                                 &PMCFGR_EX, &PMCFGR_UEN,  &PMCFGR_NCG};
inline constexpr StructureInfo PMCFGR_format{"PMCFGR", "Performance Monitors Configuration Register",
                                             "IHI 0062 12.2.4", 4, PMCFGR_fields};
inline constexpr Field PMCR_E{"E", 0, 0, "IHI 0062 12.2.9", "counters are enabled"};
inline constexpr Field PMCR_P{"P", 1, 1, "IHI 0062 12.2.9", "a write of 1 resets them"};
inline constexpr Field PMCR_X{"X", 4, 4, "IHI 0062 12.2.9", "export"};
inline constexpr Field PMCR_IMP =
    Field{"IMP", 31, 24, "IHI 0062 12.2.9", "implementer"}.as(FieldUse::implementation_defined);
inline constexpr const Field* PMCR_fields[] = {&PMCR_E, &PMCR_P, &PMCR_X, &PMCR_IMP};
inline constexpr StructureInfo PMCR_format{"PMCR", "Performance Monitors Control Register", "IHI 0062 12.2.9",
                                           4, PMCR_fields};
inline constexpr Field PMCGCR_NDX{"NDX", 7, 0, "IHI 0062 12.2.5", "context bank"};
inline constexpr Field PMCGCR_TCEFCFG = Field{"TCEFCFG", 9, 8, "IHI 0062 12.2.5", ""}.one_of(TCEFCFG_values);
inline constexpr Field PMCGCR_CBAEN{"CBAEN", 10, 10, "IHI 0062 12.2.5", "the group is revealed in that bank"};
inline constexpr Field PMCGCR_E{"E", 11, 11, "IHI 0062 12.2.5", "as PMCR.E of that bank"};
inline constexpr Field PMCGCR_X{"X", 12, 12, "IHI 0062 12.2.5", "as PMCR.X of that bank"};
inline constexpr Field PMCGCR_SIDG{"SIDG", 22, 16, "IHI 0062 12.2.5", "StreamID group"};
inline constexpr Field PMCGCR_CGNC{"CGNC", 27, 24, "IHI 0062 12.2.5", "counters of the group"};
inline constexpr const Field* PMCGCR_fields[] = {&PMCGCR_NDX, &PMCGCR_TCEFCFG, &PMCGCR_CBAEN, &PMCGCR_E,
                                                 &PMCGCR_X,   &PMCGCR_SIDG,    &PMCGCR_CGNC};
inline constexpr StructureInfo PMCGCR_format{"PMCGCRn",
                                             "Performance Monitors Counter Group Configuration Registers",
                                             "IHI 0062 12.2.5", 4, PMCGCR_fields};
inline constexpr Field PMCGSMR_ID =
    Field{"ID", 15, 0, "IHI 0062 12.2.6", "StreamID; without EXIDENABLE bits [14:0]"}.as(
        FieldUse::identifier);
inline constexpr Field PMCGSMR_MASK =
    Field{"MASK", 31, 16, "IHI 0062 12.2.6", "StreamID bits that do not count"}.as(FieldUse::identifier);
inline constexpr const Field* PMCGSMR_fields[] = {&PMCGSMR_ID, &PMCGSMR_MASK};
inline constexpr StructureInfo PMCGSMR_format{"PMCGSMRn",
                                              "Performance Monitors Counter Group Stream Match Registers",
                                              "IHI 0062 12.2.6", 4, PMCGSMR_fields};
inline constexpr Field PMEVTYPER_EVENT =
    Field{"EVENT", 15, 0, "IHI 0062 12.2.12", "event class"}.as(FieldUse::identifier);
inline constexpr Field PMEVTYPER_NSU{"NSU", 28, 28, "IHI 0062 12.2.12",
                                     "against U: Non-secure unprivileged transactions do not count"};
inline constexpr Field PMEVTYPER_NSP{"NSP", 29, 29, "IHI 0062 12.2.12",
                                     "against P: Non-secure privileged transactions do not count"};
inline constexpr Field PMEVTYPER_U{"U", 30, 30, "IHI 0062 12.2.12",
                                   "Secure unprivileged transactions do not count"};
inline constexpr Field PMEVTYPER_P{"P", 31, 31, "IHI 0062 12.2.12",
                                   "Secure privileged transactions do not count"};
inline constexpr const Field* PMEVTYPER_fields[] = {&PMEVTYPER_EVENT, &PMEVTYPER_NSU, &PMEVTYPER_NSP,
                                                    &PMEVTYPER_U, &PMEVTYPER_P};
inline constexpr StructureInfo PMEVTYPER_format{"PMEVTYPERn", "Performance Monitors Event Type Registers",
                                                "IHI 0062 12.2.12", 4, PMEVTYPER_fields};
inline constexpr Field PMCEID0_events_00 =
    Field{"Events 0x00, 0x01", 1, 0, "IHI 0062 12.2.2", "cycles, cycles by 64"}.as(FieldUse::code);
inline constexpr Field PMCEID0_events_08 =
    Field{"Events 0x08 to 0x0a", 10, 8, "IHI 0062 12.2.2", "TLB entries allocated, for reads, for writes"}.as(
        FieldUse::code);
inline constexpr Field PMCEID0_events_10 =
    Field{"Events 0x10 to 0x12", 18, 16, "IHI 0062 12.2.2", "accesses, reads, writes"}.as(FieldUse::code);
inline constexpr const Field* PMCEID0_fields[] = {&PMCEID0_events_00, &PMCEID0_events_08, &PMCEID0_events_10};
inline constexpr StructureInfo PMCEID0_format{"PMCEID0",
                                              "Performance Monitors Common Event Identifier 0 register",
                                              "IHI 0062 12.2.2", 4, PMCEID0_fields};
inline constexpr Field PMAUTHSTATUS_NSE{"NSE", 0, 0, "IHI 0062 12.2.1", "Non-secure invasive debug enabled"};
inline constexpr Field PMAUTHSTATUS_NSI{"NSI", 1, 1, "IHI 0062 12.2.1", "implemented"};
inline constexpr Field PMAUTHSTATUS_NSNE{"NSNE", 2, 2, "IHI 0062 12.2.1",
                                         "Non-secure non-invasive debug enabled"};
inline constexpr Field PMAUTHSTATUS_NSNI{"NSNI", 3, 3, "IHI 0062 12.2.1", "implemented"};
inline constexpr Field PMAUTHSTATUS_SE{"SE", 4, 4, "IHI 0062 12.2.1", "Secure invasive debug enabled"};
inline constexpr Field PMAUTHSTATUS_SI{"SI", 5, 5, "IHI 0062 12.2.1", "implemented"};
inline constexpr Field PMAUTHSTATUS_SNE{"SNE", 6, 6, "IHI 0062 12.2.1", "Secure non-invasive debug enabled"};
inline constexpr Field PMAUTHSTATUS_SNI{"SNI", 7, 7, "IHI 0062 12.2.1", "implemented"};
inline constexpr const Field* PMAUTHSTATUS_fields[] = {
    &PMAUTHSTATUS_NSE, &PMAUTHSTATUS_NSI, &PMAUTHSTATUS_NSNE, &PMAUTHSTATUS_NSNI,
    &PMAUTHSTATUS_SE,  &PMAUTHSTATUS_SI,  &PMAUTHSTATUS_SNE,  &PMAUTHSTATUS_SNI};
inline constexpr StructureInfo PMAUTHSTATUS_format{"PMAUTHSTATUS",
                                                   "Performance Monitors Authentication Status register",
                                                   "IHI 0062 12.2.1", 4, PMAUTHSTATUS_fields};
inline constexpr Field PMDEVTYPE_C{"C", 3, 0, "IHI 0062 12.2.10", "class: 6, performance monitor"};
inline constexpr Field PMDEVTYPE_T{"T", 7, 4, "IHI 0062 12.2.10", "sub-type: 5, memory management unit"};
inline constexpr const Field* PMDEVTYPE_fields[] = {&PMDEVTYPE_C, &PMDEVTYPE_T};
inline constexpr StructureInfo PMDEVTYPE_format{"PMDEVTYPE", "Performance Monitors Device Type Register",
                                                "IHI 0062 12.2.10", 4, PMDEVTYPE_fields};

}  // namespace smmuvp::smmuv2
