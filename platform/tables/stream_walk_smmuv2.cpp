#include "stream_walk_smmuv2.h"

#include <fmt/format.h>

#include <map>
#include <nlohmann/json.hpp>

#include "smmuv2_settings.h"
#include "smmuvp/base/error.h"
#include "smmuvp/base/utf8.h"
#include "smmuvp/smmuv2/explain_access.h"
#include "walk_report.h"

namespace smmuvp::tables {

using json = nlohmann::ordered_json;

namespace {

using Texts = std::vector<std::string>;

void refuse_what_is_of_smmuv3(const SavedSmmu& saved, const StreamRequest& request) {
  const auto refuse = [&](const char* option, const char* what) {
    throw ConfigError(option, fmt::format("--{} is of an SMMUv3, and {} is an SMMUv2, which has no {}",
                                          option, quoted(saved.name), what));
  };
  if (request.substream_id) refuse("ssid", "SubstreamIDs");
  for (const auto& [name, value] : request.registers) {
    if (name == "SMMU_STRTAB_BASE") refuse("strtab-base", "Stream table");
    if (name == "SMMU_STRTAB_BASE_CFG") refuse("strtab-base-cfg", "Stream table");
  }
}

smmuv2::Features features_of(const SavedSmmu& saved, const StreamRequest& request) {
  Params params(smmuv2::smmuv2_params(), saved.name);
  for (const auto* list : {&saved.parameters, &request.parameters}) {
    for (const auto& [name, value] : *list) params.set(name, value);
  }
  smmuv2::Features features = smmuv2::settings_of(smmuv2::with_defaults(params)).features;
  features.SSDR_non_secure = true;  // 13.1: an image holds nothing that is Secure
  return features;
}

/// An SMMU in the state of the image: caches hold nothing, and what only Secure software sees is as after
/// reset.
class Restored {
 public:
  Restored(const SavedSmmu& saved, const StreamRequest& request)
      : m_smmu(features_of(saved, request), untimed(), saved.name) {
    const std::map<std::string, std::uint64_t> image(saved.registers.begin(), saved.registers.end());
    std::map<std::string, std::uint64_t> given;
    for (const auto& [name, value] : request.registers) given[name] = value;
    Texts known;
    for (const RegisterInfo& info : table()) {
      if (info.bank == SecurityBank::SecureOnly || info.alias_of != RegisterInfo::no_alias) continue;
      const std::uint32_t stride = info.stride == 0 ? info.bytes : info.stride;
      for (std::uint32_t i = 0; i < info.count; ++i) {
        const std::string name = m_smmu.interface().registers().name_at(info.offset + i * stride);
        known.push_back(name);
        // Elements of arrays that are 0 are not in an image, nor is anything in what is no image.
        if (const auto at = image.find(name); at != image.end()) {
          set(info, i, at->second);
        } else if (info.count > 1 && !image.empty()) {
          set(info, i, 0);
        }
        if (const auto at = given.find(name); at != given.end()) {
          set(info, i, at->second);
          given.erase(at);
        }
      }
    }
    if (!given.empty()) {
      const std::string& name = given.begin()->first;
      throw ConfigError("register",
                        fmt::format("--register: there is no {}{}", quoted(name), suggestion(name, known)));
    }
    m_notes.emplace_back("an image holds no caches: they are taken as empty");
    compare_identification(image);
    if (m_smmu.features().SSDTP != 0) {
      m_notes.emplace_back("SMMU_SSDRn is Secure, and not in the image: the stream is taken as Non-secure");
    }
  }
  smmuv2::Smmu& smmu() { return m_smmu; }
  const Texts& notes() const { return m_notes; }

 private:
  static smmuv2::Structures untimed() {
    smmuv2::Structures s;
    s.timing = false;
    return s;
  }
  const std::vector<RegisterInfo>& table() const { return m_smmu.interface().registers().table(); }

  // An image may come from anywhere: no bit gets a value that it cannot have.
  void set(const RegisterInfo& info, std::uint32_t index, std::uint64_t value) {
    if (info.access != smmuvp::Access::RW && info.access != smmuvp::Access::W1C) return;
    const auto id = static_cast<smmuv2::Reg>(info.id);
    const RegisterFile& registers = m_smmu.interface().registers();
    std::uint64_t mask = registers.policy(id, index, AccessSecurity::NonSecure).write_mask;
    if (id == smmuv2::SMMU_CBn_FSR && m_smmu.features().stalls) mask |= smmuv2::fsr::SS;  // 3.7.3
    m_smmu.interface().restore(id, index, (registers.get(id, index) & ~mask) | (value & mask));
  }

  void compare_identification(const std::map<std::string, std::uint64_t>& image) {
    for (const smmuv2::Reg id : {smmuv2::SMMU_IDR0, smmuv2::SMMU_IDR1, smmuv2::SMMU_IDR2}) {
      const RegisterInfo& info = m_smmu.interface().registers().info(id);
      const auto at = image.find(info.name);
      if (at == image.end()) continue;
      std::uint64_t here = 0;
      m_smmu.interface().peek(info.offset, info.bytes, AccessSecurity::NonSecure, here);
      if (here == at->second) continue;
      m_notes.push_back(fmt::format("{} is {:#x} in the image, and {:#x} with the parameters here", info.name,
                                    at->second, here));
    }
  }

  smmuv2::Smmu m_smmu;
  Texts m_notes;
};

json json_of(const std::vector<smmu::RegisterFact>& registers) {
  json list = json::array();
  for (const smmu::RegisterFact& r : registers) {
    json fields = json::array();
    for (const ExplainedField& f : r.fields) {
      fields.push_back({{"name", f.name}, {"value", f.text}, {"meaning", f.meaning}});
    }
    list.push_back({{"register", r.name},
                    {"value", fmt::format("{:#x}", r.value)},
                    {"meaning", r.meaning},
                    {"fields", std::move(fields)}});
  }
  return list;
}

json json_of(const smmuv2::AccessExplanation& e) {
  const smmuv2::ExplainedEnd& end = e.memory;
  const bool forward = end.answer.outcome == smmu::Outcome::forward;
  json j = {{"address", fmt::format("{:#x}", e.request.address)},
            {"outcome", forward                                      ? "forward"
                        : end.answer.outcome == smmu::Outcome::razwi ? "razwi"
                                                                     : "abort"}};
  if (forward) j["output"] = fmt::format("{:#x}", end.answer.output);
  j["stalls"] = end.stalls;
  j["recorded"] = end.recorded;
  json faults = json::array();
  for (const smmuv2::ExplainedFault& f : end.faults) {
    faults.push_back({{"fault", f.name}, {"fate", f.fate_words}, {"registers", json_of(f.registers)}});
  }
  j["faults"] = std::move(faults);
  j["registers"] = json_of(e.registers);
  j["stream"] = e.mapping;
  j["context"] = e.context;
  if (e.translation) j["translation"] = walk_json(e.translation->walk);
  return j;
}

}  // namespace

bool walk_stream_smmuv2(const SavedSmmu& saved, const StreamRequest& request, const DumpMemory& memory,
                        std::istream& input, const Output& output) {
  refuse_what_is_of_smmuv3(saved, request);
  Restored restored(saved, request);
  const smmu::DebugMemory read = debug_memory(memory);

  bool all = true;
  bool first = true;
  json walks = json::array();
  for_each_number(request.addresses, input, "address", 64, [&](std::uint64_t address) {
    const smmuv2::AccessExplanation e = smmuv2::explain(restored.smmu(), access_of(request, address), read);
    all = all && e.memory.answer.outcome == smmu::Outcome::forward;
    if (request.json) {
      walks.push_back(json_of(e));
      return;
    }
    for (const std::string& note : first ? restored.notes() : Texts()) {
      output.print("note: " + printable(note) + "\n");
    }
    if (!first) output.print("\n");
    first = false;
    output.print(printable(saved.name) + ": " + smmuv2::to_text(e));
  });
  if (request.json) {
    const json document = {{"smmu", saved.name}, {"notes", restored.notes()}, {"walks", std::move(walks)}};
    output.print(document.dump(2, ' ', true, json::error_handler_t::replace) + "\n");
  }
  return all;
}

}  // namespace smmuvp::tables
