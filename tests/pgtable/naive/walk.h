// SPDX-License-Identifier: MIT
//
// Inside of the naive walker: the records that the pseudocode passes around, and one class that holds what a
// PE holds in registers. Nothing outside this folder includes it.
#pragma once

#include <string>
#include <utility>

#include "naive.h"

namespace naive {

// ---- bits

/// value<high:low>
inline uint64_t bits(uint64_t value, unsigned high, unsigned low) {
  const unsigned width = high - low + 1;
  const uint64_t shifted = value >> low;
  return width >= 64 ? shifted : shifted & ((uint64_t{1} << width) - 1);
}
inline bool bit(uint64_t value, unsigned n) { return ((value >> n) & 1) != 0; }
/// value<high:low> left where it stands, everything else zero
inline uint64_t keep(uint64_t value, unsigned high, unsigned low) { return bits(value, high, low) << low; }
inline bool is_zero(uint64_t value, unsigned high, unsigned low) { return bits(value, high, low) == 0; }
inline bool is_ones(uint64_t value, unsigned high, unsigned low) {
  return bits(value, high, low) == bits(~uint64_t{0}, high, low);
}

// ---- records

enum class Status {
  none,
  translation,
  address_size,
  access_flag,
  permission,
  domain,
  external_abort,
  unsupported_atomic
};

struct FullAddress {
  uint64_t address = 0;
  Space space = Space::non_secure;
};

/// FaultRecord
struct FaultRecord {
  Status statuscode = Status::none;
  int level = 0;
  bool secondstage = false;
  bool s2fs1walk = false;
  bool write = false;
  FullAddress ipaddress;
  std::optional<unsigned> domain;
  bool by_configuration = false;
};

/// AccessDescriptor: what kind of access a stage is asked to translate
enum class AccType { data, ifetch, ttw };
struct AccessDescriptor {
  AccType acctype = AccType::data;
  bool read = false;
  bool write = false;
  bool unprivileged = false;  // el == EL0
};

enum class MemType { normal, device };
enum class DeviceType { nGnRnE = 0, nGnRE = 1, nGRE = 2, GRE = 3 };
enum class MemAttr { NC, WT, WB };

struct MemAttrHints {
  MemAttr attrs = MemAttr::NC;
  unsigned hints = 0;  // bit 1 read-allocate, bit 0 write-allocate
  bool transient = false;
};

struct MemoryAttributes {
  MemType memtype = MemType::normal;
  DeviceType device = DeviceType::nGnRnE;
  MemAttrHints inner, outer;
  Shareability shareability = Shareability::non_shareable;
  bool unpredictable = false;
};

struct AddressDescriptor {
  FullAddress paddress;
  MemoryAttributes memattrs;
};

/// What stage 1 adds to its output address: nG, domain, and the rights that FullTranslate combines.
struct Stage1Output {
  FaultRecord fault;
  AddressDescriptor ipa;
  bool nG = false;
  std::optional<unsigned> domain;
  StageResult result;
};

struct Stage2Output {
  FaultRecord fault;
  AddressDescriptor pa;
  StageResult result;
};

// ---- attributes (shared functions; shared.cpp)

MemAttrHints DecodeSDFAttr(unsigned rgn);
MemoryAttributes S1DecodeMemAttrs(uint8_t attr, Shareability sh);
MemoryAttributes S2DecodeMemAttrs(const Choices& choices, unsigned attr, Shareability sh);
MemoryAttributes S2CombineS1MemAttrs(const MemoryAttributes& s1, const MemoryAttributes& s2);
DeviceType S2CombineS1Device(DeviceType s1, DeviceType s2);
Shareability S2CombineS1Shareability(Shareability s1, Shareability s2);
Shareability EffectiveShareability(const MemoryAttributes& memattrs);
Shareability DecodeShareability(const Choices& choices, unsigned sh);
Shareability DecodeWalkShareability(unsigned sh);
uint8_t EncodePARAttrs(const MemoryAttributes& memattrs);
MemoryAttributes NormalNCMemAttr(Shareability sh);

// ---- geometry of VMSAv8-64 (shared.cpp)

enum class TGx { kb4, kb16, kb64 };
constexpr int FINAL_LEVEL = 3;

unsigned TGxGranuleBits(TGx tgx);
unsigned TranslationSize(TGx tgx, int level);
unsigned ContiguousSize(TGx tgx, int level);
/// AArch64.S1StartLevel: also the number of levels that an input of this size needs
int StartLevelOfInput(unsigned iasize, TGx tgx);

/// One translation in progress.
class Walk {
 public:
  Walk(const Configuration& configuration, const Request& request, Memory& memory);
  Answer FullTranslate();

 private:
  // shared.cpp
  struct Fetched {
    FaultRecord fault;
    uint64_t descriptor = 0;
  };
  Fetched FetchDescriptor(bool ee, FullAddress where, unsigned bytes, FaultRecord fault, unsigned stage,
                          int level);
  Fetched MemSwapTableDesc(FaultRecord fault, uint64_t prev_desc, uint64_t new_desc, bool ee,
                           FullAddress where, unsigned stage);
  [[nodiscard]] AccessDescriptor request_access() const;
  [[nodiscard]] static AccessDescriptor CreateAccDescS1TTW(const AccessDescriptor& accdesc);
  [[nodiscard]] static AccessDescriptor CreateAccDescTTEUpdate(const AccessDescriptor& accdesc);
  [[nodiscard]] bool updates_allowed() const;
  [[nodiscard]] bool stage2_translates() const {
    return !std::holds_alternative<std::monostate>(m_config.stage2);
  }
  [[nodiscard]] FaultRecord no_fault() const;
  [[nodiscard]] Fault fault_answer(const FaultRecord& fault) const;
  [[nodiscard]] MemoryAttributes attributes_for_fetch(const MemoryAttributes& memattrs,
                                                      AccType acctype) const;
  Stage2Output S2Translate(const AddressDescriptor& ipa, const AccessDescriptor& accdesc, bool s1aarch64);
  void retry();

  // vmsa64_s1.cpp, aarch32_ld.cpp, aarch32_sd.cpp
  Stage1Output AArch64_S1Translate(const Stage1_64& registers, const AccessDescriptor& accdesc);
  Stage1Output AArch32_S1TranslateLD(const Stage1_LD& registers, const AccessDescriptor& accdesc);
  Stage1Output AArch32_S1TranslateSD(const Stage1_SD& registers, const AccessDescriptor& accdesc);
  // vmsa64_s2.cpp, aarch32_ld.cpp
  Stage2Output AArch64_S2Translate(const Stage2_64& registers, const AddressDescriptor& ipa,
                                   const AccessDescriptor& accdesc, bool s1aarch64);
  Stage2Output AArch32_S2Translate(const Stage2_LD& registers, const AddressDescriptor& ipa,
                                   const AccessDescriptor& accdesc);
  // mali.cpp
  void Mali_Translate(const Mali& registers);

  // vmsa64_s1.cpp
  struct S1TTWParams;
  struct S1TTWState;
  struct S1WalkResult;
  [[nodiscard]] S1TTWParams GetS1TTWParams(const Stage1_64& registers) const;
  S1WalkResult AArch64_S1Walk(const S1TTWParams& walkparams, const AccessDescriptor& accdesc);
  S1WalkResult s1_walk_level(const S1TTWParams& walkparams, const AccessDescriptor& accdesc, S1TTWState state,
                             FullAddress descaddress);
  S1WalkResult s1_walk_leaf(const S1TTWParams& walkparams, const S1TTWState& state, FaultRecord fault,
                            uint64_t descriptor, FullAddress descaddress);
  [[nodiscard]] static Rights s1_rights(const S1TTWParams& walkparams, const S1TTWState& state,
                                        bool unprivileged);
  [[nodiscard]] FaultRecord S1CheckPermissions(const S1TTWParams& walkparams, const S1TTWState& state,
                                               const AccessDescriptor& accdesc, FaultRecord fault) const;

  // vmsa64_s2.cpp
  struct S2TTWParams;
  struct S2TTWState;
  struct S2WalkResult;
  S2WalkResult AArch64_S2Walk(const S2TTWParams& walkparams, const AddressDescriptor& ipa, FaultRecord fault);
  S2WalkResult s2_walk_level(const S2TTWParams& walkparams, const AddressDescriptor& ipa, int level,
                             FullAddress descaddress, FaultRecord fault);
  S2WalkResult s2_walk_leaf(const S2TTWParams& walkparams, const AddressDescriptor& ipa, int level,
                            uint64_t descriptor, FullAddress descaddress, FaultRecord fault);
  [[nodiscard]] FaultRecord S2CheckPermissions(const S2TTWParams& walkparams, const S2TTWState& state,
                                               const AccessDescriptor& accdesc, FaultRecord fault) const;

  // aarch32_ld.cpp
  struct LDState;
  Stage1Output ld_walk_level(const Stage1_LD& registers, const AccessDescriptor& accdesc, LDState state);
  Stage1Output ld_leaf(const Stage1_LD& registers, const AccessDescriptor& accdesc, const LDState& state,
                       FaultRecord fault, uint64_t descriptor);
  Stage2Output ld_s2_leaf(const Stage2_LD& registers, const AddressDescriptor& ipa,
                          const AccessDescriptor& accdesc, int level, unsigned indexlsb, FaultRecord fault,
                          uint64_t descriptor);

  const Configuration& m_config;
  const Request& m_request;
  Memory& m_memory;
  Answer m_answer;
  unsigned m_retries = 0;
};

// ---- shared by the 64-bit stages (vmsa64_s1.cpp)

/// AArch64.PhysicalAddressSize
unsigned PhysicalAddressSize(const System& system, unsigned encoded_ps);
/// AArch64.OAOutOfRange
bool OAOutOfRange(const System& system, uint64_t address, unsigned encoded_ps);
/// AArch64.DecodeDescriptorType
enum class DescriptorType { invalid, table, leaf };
DescriptorType AArch64_DecodeDescriptorType(const System& system, uint64_t descriptor, bool ds, TGx tgx,
                                            int level);
/// AArch64.NextTableBase
uint64_t AArch64_NextTableBase(const System& system, uint64_t descriptor, bool ds, TGx tgx);
/// AArch64.LeafBase
uint64_t AArch64_LeafBase(const System& system, uint64_t descriptor, bool ds, TGx tgx, int level);
/// AArch64.ContiguousBit
bool AArch64_ContiguousBit(uint64_t descriptor, TGx tgx, int level);
/// AArch64.S1TTBaseAddress and AArch64.S2TTBaseAddress, which differ in the start level only
uint64_t AArch64_TTBaseAddress(const System& system, const Choices& choices, uint64_t ttbr, unsigned iasize,
                               int startlevel, TGx tgx, unsigned encoded_ps, bool ds);
/// AArch64.MaxTxSZ
unsigned AArch64_MaxTxSZ(const System& system, TGx tgx);
/// StageOA
uint64_t StageOA(const Choices& choices, uint64_t ia, uint64_t leafbase, TGx tgx, int level, bool contiguous);
/// AArch32.DecodeDescriptorTypeLD (aarch32_ld.cpp)
DescriptorType AArch32_DecodeDescriptorTypeLD(uint64_t descriptor, int level);

}  // namespace naive
