#include "fault_rights.h"

#include <fmt/format.h>

#include <optional>
#include <string_view>

namespace smmuvp::platform {

namespace {

enum Wants : unsigned { reads = 1, writes = 2, executes = 4 };
enum class Who { all, privileged, unprivileged };

// A field that forbids `wants` to `who` where its bits of `mask` are `value`.
struct Row {
  const char* field;
  unsigned wants;
  Who who;
  std::uint64_t mask;
  std::uint64_t value;
  const char* text;  // {where}: the descriptor
};

constexpr Row rows[] = {
    // DDI 0487 D8.4: stage 1
    {"AP[2:1]", writes, Who::all, 2, 2, "AP[2] = 1 makes it read only: a write needs AP[2] = 0 in {where}"},
    {"AP[2:1]", reads | writes, Who::unprivileged, 1, 0,
     "AP[1] = 0 keeps unprivileged accesses out: AP[1] = 1 in {where}, or a privileged access (PRIVCFG)"},
    {"AP[2:1]", executes, Who::privileged, 3, 1,
     "what unprivileged accesses may write, no privileged access may execute: another AP[2:1] in {where}"},
    {"AP[2]", writes, Who::all, 1, 1, "AP[2] = 1 makes it read only: a write needs AP[2] = 0 in {where}"},
    {"APTable[1:0]", writes, Who::all, 2, 2,
     "APTable[1] = 1 takes writing away from all below: APTable[1] = 0 in {where}"},
    {"APTable[1:0]", reads | writes, Who::unprivileged, 1, 1,
     "APTable[0] = 1 keeps unprivileged accesses out of all below: APTable[0] = 0 in {where}"},
    {"UXN", executes, Who::unprivileged, 1, 1, "UXN = 1 forbids unprivileged execution: UXN = 0 in {where}"},
    {"PXN", executes, Who::privileged, 1, 1, "PXN = 1 forbids privileged execution: PXN = 0 in {where}"},
    {"XN", executes, Who::all, 1, 1, "XN = 1 forbids execution: XN = 0 in {where}"},
    {"UXNTable", executes, Who::unprivileged, 1, 1,
     "UXNTable = 1 takes unprivileged execution away from all below: UXNTable = 0 in {where}"},
    {"XNTable", executes, Who::all, 1, 1,
     "XNTable = 1 takes execution away from all below: XNTable = 0 in {where}"},
    {"PXNTable", executes, Who::privileged, 1, 1,
     "PXNTable = 1 takes privileged execution away from all below: PXNTable = 0 in {where}"},
    // Likewise: stage 2
    {"S2AP[1:0]", reads | executes, Who::all, 1, 0, "S2AP[0] = 0 forbids reading: S2AP[0] = 1 in {where}"},
    {"S2AP[1:0]", writes, Who::all, 2, 0, "S2AP[1] = 0 forbids writing: S2AP[1] = 1 in {where}"},
    {"XN[1:0]", executes, Who::all, 3, 2, "XN[1:0] = 0b10 forbids execution: XN[1:0] = 0b00 in {where}"},
    {"XN[1:0]", executes, Who::privileged, 3, 1,
     "XN[1:0] = 0b01 forbids privileged execution: XN[1:0] = 0b00 in {where}"},
    {"XN[1:0]", executes, Who::unprivileged, 3, 3,
     "XN[1:0] = 0b11 forbids unprivileged execution: XN[1:0] = 0b00 in {where}"},
    // Short descriptors with SCTLR.AFE (DDI 0487 G5); AP[2] is a field of its own.
    {"AP[1]", reads | writes, Who::unprivileged, 1, 0,
     "AP[1] = 0 keeps unprivileged accesses out: AP[1] = 1 in {where}"},
};

struct Access {
  unsigned wants = reads;
  bool privileged = false;
};

std::optional<std::uint64_t> recorded(const Explanation& e, std::string_view name) {
  for (const auto& [key, value] : e.now.fault_fields) {
    if (key == name) return value;
  }
  return std::nullopt;
}

// As the SMMU took it, after PRIVCFG and INSTCFG, and what stage 2 was asked for where it denied a table.
Access access_of(const AccessQuestion& q, const Explanation& e) {
  Access a;
  a.privileged = q.privileged;
  if (q.kind == AccessQuestion::Kind::write) a.wants = writes;
  if (q.kind == AccessQuestion::Kind::atomic) a.wants = reads | writes;
  if (q.kind == AccessQuestion::Kind::execute) a.wants = executes;
  // IHI 0070 7.3.16
  if (const auto PnU = recorded(e, "PnU")) a.privileged = *PnU != 0;
  if (const auto InD = recorded(e, "InD"); InD && (a.wants & writes) == 0)
    a.wants = *InD != 0 ? executes : reads;
  // IHI 0062 16.5.11
  for (const auto& [key, value] : e.now.fault_fields) {
    if (key.size() < 7 || key.compare(key.size() - 7, 7, "_FSYNR0") != 0 ||
        key.find("_CB") == std::string::npos)
      continue;
    a.privileged = (value >> 5 & 1) != 0;
    if ((a.wants & writes) == 0) a.wants = (value >> 6 & 1) != 0 ? executes : reads;
  }
  const auto& fault = e.structure_walk_fault ? e.structure_walk_fault : e.walk_fault;
  if (e.structure_walk_fault || (fault && fault->of_table)) {
    const auto TTRnW = recorded(e, "TTRnW");
    a.wants = !e.structure_walk_fault && TTRnW && *TTRnW == 0 ? writes : reads;
    a.privileged = true;
  }
  return a;
}

}  // namespace

std::string rights_remedy(const AccessQuestion& q, const Explanation& e) {
  const Access access = access_of(q, e);
  std::string text;
  for (const auto* steps : {&e.structure_steps, &e.steps}) {
    for (const Explanation::Step& s : *steps) {
      const std::string where = fmt::format("the descriptor at {:#x}", s.address);
      const bool DBM = [&] {
        for (const Explanation::Field& f : s.fields) {
          if (f.name == "DBM" && f.value == 1) return true;
        }
        return false;
      }();
      for (const Explanation::Field& f : s.fields) {
        if (!f.decides) continue;
        for (const Row& row : rows) {
          if (f.name != row.field || (row.wants & access.wants) == 0 || (f.value & row.mask) != row.value)
            continue;
          if (row.who != Who::all && (row.who == Who::privileged) != access.privileged) continue;
          text += (text.empty() ? "" : "; ") + fmt::format(fmt::runtime(row.text), fmt::arg("where", where));
          if (DBM && row.wants == writes)
            text += fmt::format(" (DBM is 1 there: hardware clears it with {})",
                                s.stage == 1 ? "HD = 1" : "S2HD = 1");
        }
      }
    }
  }
  if (!text.empty()) return text;
  const auto& fault = e.structure_walk_fault ? e.structure_walk_fault : e.walk_fault;
  if (fault && !fault->reason.empty()) return fault->reason;
  return e.now.why.empty() ? "other permissions" : e.now.why;
}

}  // namespace smmuvp::platform
