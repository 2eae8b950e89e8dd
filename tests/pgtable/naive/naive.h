// SPDX-License-Identifier: MIT
//
// naive: a second, slow translation-table walker, used only as a test oracle.
//
// It renders the pseudocode of the Arm architecture function by function and shares nothing with the library
// that it checks: no code, no types, no headers. Clarity first; every translation starts from the tables and
// allocates freely.
//
// Sources of facts:
// - Arm's machine-readable pseudocode, release v9.4-A, as translated to Sail (public, BSD 3-Clause Clear):
//   stage 1 and stage 2 translation of AArch64 and AArch32, and their shared functions. The comment beside
//   each function names what it renders.
// - IHI 0070 (SMMUv3): 3.13 hardware flag update, 5.2 STE, 5.4 CD (AFFD, HA, HD, HAD, E0PD, PAN, WXN, UWXN,
//   NSCFGx, TTBx, reserved MAIR encodings), 3.10.2.2 Secure stage 2, 6.3.57.2 SIF, 13.4 attributes and
//   privilege. Where it differs from a PE, the SMMU's rule is used.
// - Linux's io-pgtable-arm, for Mali only: there is no public Arm document.
//
// What stands in none of them is marked `unverified`.
//
// Not modelled: 128-bit descriptors, permission indirection and overlays, HAFT, AIE, MTE, XS, GPC, Realm and
// Root, NFD (it concerns SVE and transactional accesses only), NV1, MMU or caches off.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <variant>
#include <vector>

namespace naive {

enum class Space { non_secure, secure };

/// Values are those of the SH field and of PAR_EL1.SH.
enum class Shareability : unsigned { non_shareable = 0, outer_shareable = 2, inner_shareable = 3 };

/// `none` asks for the translation alone: no permission is checked, no flag is updated.
/// `atomic` reads and writes; `execute` is an instruction read.
enum class Access { none, read, write, atomic, execute };

struct Request {
  uint64_t address = 0;  ///< VA, or IPA where only stage 2 translates
  Access access = Access::read;
  bool privileged = true;    ///< EL1 against EL0; ignored by regimes without an unprivileged level
  bool side_effects = true;  ///< false: descriptors are never written, the answer is as if they had been
  /// What the transaction brings to stage 2 where there is no stage 1 (IHI 0070 13.4): MAIR encoding and
  /// shareability.
  uint8_t input_attributes = 0xFF;
  Shareability input_shareability = Shareability::non_shareable;
  /// Stage 2 translates the fetches of stage 1 only, and not its output: an address translation operation of
  /// stage 1 (IHI 0062 4.2.3).
  bool stage2_for_walks_only = false;
  /// Where only stage 2 translates, and it is that of a Secure stream: the space of the IPA.
  Space input_space = Space::non_secure;
};

// ------------------------------------------------------------------------------------------------------------
// memory

enum class Swap {
  done,
  differs,         ///< memory held something else, nothing was written
  external_abort,  ///< the read or the write was aborted
  unsupported      ///< this memory has no atomic update
};

/// Physical memory. Bytes stand in memory order, lowest address first; only the first `size` bytes (4 or 8)
/// count.
class Memory {
 public:
  using Bytes = std::array<uint8_t, 8>;
  virtual ~Memory() = default;
  /// nullopt is an external abort.
  virtual std::optional<Bytes> read(uint64_t address, unsigned size, Space space) = 0;
  virtual Swap compare_and_swap(uint64_t address, unsigned size, Space space, const Bytes& expected,
                                const Bytes& desired) = 0;
  /// The access that follows is to a table of this stage.
  virtual void of_stage(unsigned /*stage*/) {}
};

// -----------------------------------------------------------------------------------------------------
// implementation

/// What the implementation has; the architecture's Have...() functions and AArch64.PAMax().
struct System {
  unsigned PAMax = 52;        ///< physical address bits; 52 is FEAT_LPA (SMMU_IDR5.OAS)
  bool have_52bit_va = true;  ///< FEAT_LVA (SMMU_IDR5.VAX): TxSZ from 12, with 64 KiB granules or DS
  bool TTST = true;           ///< FEAT_TTST (SMMU_IDR3.STT): TxSZ up to 48, 47 with 64 KiB granules
  /// SMMU_IDR0.TTF[0]: IAS is then 40 bits or more, which bounds Stage2_64::T0SZ (IHI 0070 5.2, STE.S2T0SZ)
  bool have_aarch32 = false;
};

/// Points the architecture leaves open. The comparer sets them as the walker under test decided.
struct Choices {
  /// AArch64.SettingAccessFlagPermitted: may AF be set by an access that takes a Permission fault? (IHI
  /// 0070 3.13.2: UNKNOWN.)
  bool permission_fault_updates_access_flag = false;
  /// Does Access::none set AF where HA is on (as an AT instruction may)? Dirty state is never set by it.
  bool none_updates_access_flag = false;
  /// TxSZ (or stage 2 T0SZ) above the maximum: Translation fault, or taken as the maximum. The SMMU refuses
  /// it earlier.
  bool oversized_txsz_faults = true;
  /// A starting table is aligned to 64 bytes or more whenever the effective output size is 52 bits (IHI
  /// 0070 5.4 CD.TTB0, 5.2 STE.S2TTB), rather than only where the register holds a 52-bit address (the PE's
  /// pseudocode). Seen with 4 and 16 KiB granules, no DS, and a starting table of fewer than eight entries.
  bool align_64_if_output_is_52bit = true;
  /// Contiguous bit set: do the address bits inside the contiguous region come from the input address
  /// (StageOA), or from the one descriptor? Differs only where the sixteen (32, 128 ...) entries disagree.
  bool contiguous_extends_output = true;
  /// "Translation fault on misprogrammed contiguous bit": the region is larger than the input range.
  bool contiguous_beyond_input_faults = false;
  /// Instruction read of Device memory is a Permission fault (Unpredictable_INSTRDEVICE).
  bool execute_from_device_faults = false;
  /// Instruction read of Device memory is output as Normal Non-cacheable (the PE's pseudocode; IHI 0070 13.4
  /// has none).
  bool execute_from_device_is_normal_nc = false;
  /// Block descriptors with nT=1 (bit 16) fault ("BBM level 1 or 2 support nT bit causes Translation Fault").
  bool block_nT_faults = false;
  /// Stage 1 hands Device and Normal iNC-oNC to stage 2 as Outer Shareable, rather than as the descriptor
  /// says. Seen only with FWB, where stage 2 can turn them into a cacheable type.
  bool effective_shareability_at_stage1 = false;
  /// SH = 0b01 in a descriptor. (In SH0, SH1 and S2SH0 it is Non-shareable: IHI 0070 5.2, 5.4.)
  Shareability reserved_shareability = Shareability::non_shareable;
  /// Stage 2 MemAttr 0bxx00 with xx != 00, no FWB: 1 = NC, 2 = WT, 3 = WB (Unpredictable_S2RESMEMATTR).
  /// 0 = the whole is Device-nGnRnE (IHI 0062 Table 2-4).
  unsigned reserved_s2_cacheability = 1;
  /// Short descriptors, AFE = 0, AP = 0b100: what it is taken as.
  unsigned reserved_short_ap = 0;
  /// DACR field 0b10: what it is taken as (0 no access, 1 client, 3 manager).
  unsigned reserved_domain = 0;
  /// Mali: descriptor bits [47:40] that are not zero are an Address size fault, rather than ignored
  /// (unverified).
  bool mali_checks_output_size = true;
};

// -----------------------------------------------------------------------------------------------------------
// regimes

enum class Regime {
  el1_0,  ///< EL1&0; the only one that may have a stage 2
  el2_0,  ///< EL2&0 (E2H, any-EL2-E2H)
  el2,    ///< one range, no unprivileged level
  el3     ///< one range, no unprivileged level
};

/// VMSAv8-64 stage 1. Fields are encoded as in TCR_ELx, TTBRx_ELx and MAIR_ELx, or named after the CD where
/// only the SMMU has them. el2 and el3 use the fields that end in 0 only.
struct Stage1_64 {
  Regime regime = Regime::el1_0;
  Space space = Space::non_secure;      ///< Security state of the regime, or of the stream
  bool NSCFG0 = false, NSCFG1 = false;  ///< CD.NSCFGx: space of the starting table, where `space` is Secure
  bool SIF = false;  ///< where `space` is Secure, what is output as Non-secure may not be fetched

  unsigned T0SZ = 16, T1SZ = 16;
  unsigned TG0 = 0;           ///< 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB
  unsigned TG1 = 2;           ///< 1 = 16 KiB, 2 = 4 KiB, 3 = 64 KiB
  unsigned SH0 = 0, SH1 = 0;  ///< shareability of the output too, where DS applies
  bool EPD0 = false, EPD1 = false;
  bool TBI0 = false, TBI1 = false;
  bool HPD0 = false, HPD1 = false;    ///< CD.HAD0, CD.HAD1
  bool E0PD0 = false, E0PD1 = false;  ///< unprivileged access to the range is a Translation fault
  unsigned IPS = 6;                   ///< TCR.IPS or TCR.PS: 0 = 32 ... 5 = 48, 6 = 52
  uint64_t TTBR0 = 0, TTBR1 = 0;      ///< register format: bits [5:2] are address [51:48] where 52 bits apply
  uint64_t MAIR = 0;
  bool WXN = false;
  bool PAN = false;             ///< PSTATE.PAN or CD.PAN; without effect in el2 and el3
  bool EPAN = false;            ///< counts only with PAN
  bool HA = false, HD = false;  ///< HD counts only with HA
  bool AFFD = false;            ///< CD.AFFD: without HA, AF = 0 does not fault
  bool DS = false;              ///< 52-bit addresses with 4 and 16 KiB granules
  bool EE = false;              ///< tables are big-endian
  /// Privileged accesses, fetches included, fault on what unprivileged ones may access (IHI 0062 9.6.1,
  /// DIPANS); without effect in el2 and el3.
  bool DIPAN = false;
};

/// VMSAv8-64 stage 2, as VTCR_EL2 and VTTBR_EL2, or STE.S2*.
struct Stage2_64 {
  Space space = Space::non_secure;  ///< of its tables and of its output
  unsigned T0SZ = 24;
  unsigned TG0 = 0;  ///< 0 = 4 KiB, 1 = 64 KiB, 2 = 16 KiB
  unsigned SL0 = 1;
  bool SL2 = false;  ///< counts only with 4 KiB granules and DS
  unsigned SH0 = 0;
  unsigned PS = 6;
  uint64_t VTTBR = 0;  ///< register format, as TTBR0
  bool HA = false, HD = false, AFFD = false;
  bool PTW = false;  ///< a stage 1 walk to Device memory is a Permission fault
  bool FWB = false;
  bool DS = false;
  bool EE = false;
  bool XNX = true;  ///< XN[1:0] in bits [54:53]; false: XN in bit 54 alone

  /// Stage 2 of a Secure stream (IHI 0070 3.10.2.2): the tables of the Secure IPA space. Those above are then
  /// of the Non-secure IPA space, and `space` does not count.
  struct Secure {
    unsigned T0SZ = 24;
    unsigned TG0 = 0;
    unsigned SL0 = 1;
    bool SL2 = false;
    uint64_t VTTBR = 0;
    bool SW = false, SA = false;    ///< Non-secure walks, Non-secure output of the Secure IPA space
    bool NSW = false, NSA = false;  ///< and of the Non-secure one
  };
  std::optional<Secure> secure;
};

/// AArch32 long descriptors, stage 1. `el2` is the Hyp regime: TTBR0 is HTTBR, T0SZ is HTCR's, MAIRx are
/// HMAIRx.
struct Stage1_LD {
  Regime regime = Regime::el1_0;  ///< el1_0 or el2
  Space space = Space::non_secure;
  bool NSCFG0 = false, NSCFG1 = false;
  bool SIF = false;             ///< as in Stage1_64
  unsigned T0SZ = 0, T1SZ = 0;  ///< 0..7
  bool EPD0 = false, EPD1 = false;
  bool HPD0 = false, HPD1 = false;  ///< TTBCR2.HPDx with TTBCR.T2E; CD.HADx
  uint64_t TTBR0 = 0, TTBR1 = 0;
  uint32_t MAIR0 = 0, MAIR1 = 0;
  bool WXN = false, UWXN = false, PAN = false;
  bool AFFD = false;
  bool EE = false;
  bool DIPAN = false;         ///< as in Stage1_64
  unsigned output_bits = 40;  ///< 40 at most; an SMMUv2 may have fewer (IHI 0062 Table 3-3)
};

/// AArch32 long descriptors, stage 2.
struct Stage2_LD {
  int T0SZ = 0;      ///< -8..7
  unsigned SL0 = 1;  ///< 0 = level 2, 1 = level 1
  uint64_t VTTBR = 0;
  bool PTW = false, AFFD = false, EE = false;
  bool XNX = false;
  unsigned output_bits = 40;  ///< as in Stage1_LD (IHI 0062 Table 3-4)
};

/// AArch32 short descriptors.
struct Stage1_SD {
  Space space = Space::non_secure;
  unsigned N = 0;  ///< TTBCR.N, 0..7
  bool PD0 = false, PD1 = false;
  uint32_t TTBR0 = 0, TTBR1 = 0;
  uint32_t DACR = 0;
  bool AFE = false, TRE = false;
  bool AFFD = false;  ///< SMMUv2 SCTLR.AFFD: with AFE, AF = 0 does not fault
  uint32_t PRRR = 0, NMRR = 0;
  bool WXN = false, UWXN = false, PAN = false;
  bool EE = false;
  bool DIPAN = false;         ///< as in Stage1_64
  unsigned output_bits = 40;  ///< as in Stage1_LD
};

/// Mali's LPAE-like format: 4 KiB granules, always four levels, 48-bit input, 40-bit output.
struct Mali {
  uint64_t TRANSTAB = 0;  ///< table address in bits [47:12]; what lies below is not looked at
  uint64_t MEMATTR = 0;   ///< eight bytes, indexed by AttrIndx; passed through as they are
};

struct Configuration {
  System system;
  Choices choices;
  std::variant<std::monostate, Stage1_64, Stage1_LD, Stage1_SD, Mali> stage1;
  std::variant<std::monostate, Stage2_64, Stage2_LD> stage2;
};

// ------------------------------------------------------------------------------------------------------------
// answers

enum class FaultKind {
  translation,
  address_size,
  access_flag,
  permission,
  domain,
  external_abort,     ///< on a descriptor read or update
  unsupported_atomic  ///< a descriptor needed an update, and its memory cannot do one
};

struct Fault {
  FaultKind kind = FaultKind::translation;
  unsigned stage = 1;
  int level = 0;
  bool s2fs1walk = false;  ///< stage 2 fault on the read or update of a stage 1 descriptor
  bool write = false;      ///< WnR of the request; for a Permission fault of an atomic, the half that failed
  uint64_t va = 0;
  std::optional<uint64_t> ipa;     ///< stage 2 faults: the whole IPA, not cut to the page
  std::optional<unsigned> domain;  ///< short descriptors: absent where the walk has not reached one
  /// No descriptor was at fault: the registers' own values (TxSZ, start level, table base) are illegal. An
  /// SMMU refuses such a CD or STE before it walks.
  bool by_configuration = false;
  Space ipa_space = Space::non_secure;  ///< of `ipa`
};

struct Rights {
  bool read = false, write = false, execute = false;
};

struct Permissions {
  Rights privileged, unprivileged;
};

/// What the leaf of one stage says, before the other stage has its say.
struct StageResult {
  int start_level = 0;
  int leaf_level = 0;
  unsigned concatenated_tables = 1;
  unsigned shift = 0;             ///< the page or block is 2^shift bytes
  bool contiguous = false;        ///< the hint is set, and counts at this level
  unsigned contiguous_shift = 0;  ///< size with the hint applied; `shift` where there is none
  uint64_t output = 0;
  uint64_t descriptor = 0;  ///< the leaf, as memory holds it after this access
  uint8_t attributes = 0;   ///< MAIR encoding. Stage 2 without FWB: its own type, allocation hints as 0b11
  Shareability shareability = Shareability::non_shareable;
  Permissions permissions;
  bool writable_clean = false;  ///< counted as writable, but dirty state is still to be set by hardware
};

struct Translation {
  uint64_t address = 0;
  Space space = Space::non_secure;
  uint8_t attributes = 0;  ///< MAIR encoding, both stages combined. Mali: the MEMATTR byte
  Shareability shareability = Shareability::non_shareable;
  bool attributes_unpredictable =
      false;                ///< reserved or IMPLEMENTATION DEFINED encoding: do not compare the two above
  Permissions permissions;  ///< both stages combined
  bool nG = false;
  std::optional<unsigned> domain;
  unsigned shift = 0;  ///< the smaller of the stages'
  std::optional<StageResult> stage1, stage2;
};

struct DescriptorRead {
  uint64_t address = 0;  ///< physical
  Space space = Space::non_secure;
  unsigned stage = 1;
  int level = 0;
  uint64_t value = 0;  ///< after the table's endianness; 0 if aborted
  bool aborted = false;
  std::optional<uint64_t> ipa;  ///< of a stage 1 descriptor that stage 2 translates
};

struct DescriptorUpdate {
  uint64_t address = 0;  ///< physical
  Space space = Space::non_secure;
  unsigned stage = 1;
  uint64_t old_value = 0, new_value = 0;  ///< after the table's endianness
  Swap result = Swap::done;
  std::optional<uint64_t> ipa;  ///< of a stage 1 descriptor that stage 2 translates
};

struct Answer {
  std::variant<Fault, Translation> outcome;
  /// In order. The read half of a compare-and-swap is not listed. A stage 1 descriptor update under stage 2
  /// walks stage 2 again, for a write, and those reads are listed again; so are all reads of a walk repeated
  /// after Swap::differs.
  std::vector<DescriptorRead> reads;
  std::vector<DescriptorUpdate> updates;  ///< in order, those that did not succeed included

  [[nodiscard]] const Fault* fault() const { return std::get_if<Fault>(&outcome); }
  [[nodiscard]] const Translation* translation() const { return std::get_if<Translation>(&outcome); }
};

/// Translates one request from the tables. Throws std::invalid_argument for what is no configuration at all
/// (stage 2 under el2, a reserved granule encoding, both stages absent), std::runtime_error if memory never
/// lets a swap succeed.
Answer translate(const Configuration& configuration, const Request& request, Memory& memory);

/// AArch64.S2StartLevel and the number of tables concatenated there; nullopt where T0SZ, SL0, SL2, TG0 do not
/// fit together (AArch64.S2InvalidSL, AArch64.S2InconsistentSL, AArch64.S2TxSZFaults).
struct StartLevel {
  int level = 0;
  unsigned tables = 1;
};
std::optional<StartLevel> stage2_start(const System& system, const Choices& choices, const Stage2_64& stage2);
std::optional<StartLevel> stage2_start(const Stage2_LD& stage2);

/// The stage 2 that translates an IPA of this space: `space` is that of its tables, and there is no `secure`.
Stage2_64 stage2_of_ipa(const Stage2_64& stage2, Space ipa_space);

/// Register form of a table address: [51:48] go to [5:2] (TTBRx_ELx, VTTBR_EL2) where the 52-bit form
/// applies.
uint64_t ttbr_of_address(uint64_t address, bool form_52bit);

}  // namespace naive
