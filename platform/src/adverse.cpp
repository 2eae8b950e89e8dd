#include "adverse.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>
#include <string>
#include <vector>

#include "smmuvp/base/random.h"

namespace smmuvp::platform {

namespace {

constexpr std::uint64_t us = 1'000'000;  // picoseconds

// The parameters of one component: each is drawn from numbers of its own, so that one more changes no other.
class Chooser {
 public:
  Chooser(ComponentConfig& component, std::uint64_t seed, std::vector<std::string>& told)
      : m_component(component), m_seed(Random(seed, component.name).next()), m_told(told) {}

  std::uint64_t draw(const std::string& what, std::uint64_t bound) {
    return Random(m_seed, what).below(bound);
  }
  void set(const std::string& param, std::uint64_t value) {
    for (const ParamSetting& given : m_component.params) {
      if (given.name == param) return;
    }
    const std::string setting = fmt::format("{}.{}={}", m_component.name, param, value);
    m_component.params.push_back({param, value, {"--adverse, which chose " + setting, 0, 0}});
    m_told.push_back(setting);
  }
  void seed(const std::string& param) { set(param, 1 + draw(param, 0xffff'ffff)); }
  /// One of these.
  void one_of(const std::string& param, const std::vector<std::uint64_t>& values) {
    set(param, values[draw(param, values.size())]);
  }
  /// None in one of six; else the most, an eighth or a sixty-fourth of it.
  void delay(const std::string& param, std::uint64_t most) {
    one_of(param, {0, most >> 6U, most >> 3U, most >> 3U, most, most});
  }
  const std::string& type() const { return m_component.type; }

 private:
  ComponentConfig& m_component;
  std::uint64_t m_seed;
  std::vector<std::string>& m_told;
};

/// What a cache is: as it is configured; of one entry, which the next access evicts; so large that nothing
/// leaves it but by an invalidation.
void choose_cache(Chooser& c, const std::string& cache, std::uint64_t sets, std::uint64_t ways,
                  std::uint64_t kind) {
  constexpr std::uint64_t mixed = 3;
  if (kind == mixed) kind = c.draw(cache, mixed);
  if (kind == 0) return;
  c.set(cache + "_sets", kind == 1 ? 1 : sets);
  c.set(cache + "_ways", kind == 1 ? 1 : ways);
}

void choose_smmu(Chooser& c) {
  c.seed("adverse_seed");
  const std::uint64_t kind = c.draw("caches", 4);
  choose_cache(c, "micro_tlb", 512, 8, kind);
  choose_cache(c, "tlb", 1024, 16, kind);
  choose_cache(c, "walk_cache", 512, 8, kind);
  choose_cache(c, "ipa_cache", 256, 8, kind);
  if (c.type() == "smmuv3") {
    choose_cache(c, "config", 128, 8, kind);
    c.delay("adverse_consumption_delay", 8'192);
    c.one_of("adverse_command_burst", {0, 3, 15, 63});
    c.delay("adverse_event_delay", 131'072);
  }
  c.delay("adverse_command_delay", 32'768);
  c.delay("adverse_invalidation_delay", 1'000'000);
  c.delay("adverse_interrupt_delay", 131'072);
  c.delay("adverse_walk_delay", 512);
  c.one_of("adverse_speculation", {0, 1, 4, 16});
}

void choose(Chooser& c) {
  if (c.type() == "smmuv3" || c.type() == "smmuv2") {
    choose_smmu(c);
  } else if (c.type() == "cpu") {
    c.seed("adverse_seed");
    c.one_of("quantum", {500, 3'000, 10'000});
  } else if (c.type() == "testdev") {
    c.seed("adverse_seed");
    c.delay("adverse_delay_ps", 4 * us);
  } else if (c.type() == "virtio-blk") {
    c.delay("latency_ps", 50 * us);
  } else if (c.type() == "memory") {
    c.one_of("latency_ps", {0, 10'000, 200'000});
  }
}

}  // namespace

void make_adverse(PlatformConfig& config, std::uint64_t seed) {
  config.adverse = AdverseChoices{seed, {}};
  for (ComponentConfig& component : config.components) {
    Chooser chooser(component, seed, config.adverse->settings);
    choose(chooser);
  }
}

}  // namespace smmuvp::platform
